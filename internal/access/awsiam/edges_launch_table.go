package awsiam

// A launch is a way to start something that runs with a role.
type launch struct {
	// service is whom the role has to trust.
	service string
	// passedTo is the value of iam:PassedToService, where it is known to be
	// the service; empty where it is not.
	passedTo string
	// trust is what the role has to allow the service; sts:AssumeRole alone
	// when empty.
	trust []string
	// all of these requests are needed, and one of the others, if there are
	// any.
	all, oneOf []use
	note       string
}

// A use is a request on resources, all of which have to be permitted. Their
// ARNs have the fields {partition}, {region} and {account}; one that ends with
// "*" is of a resource whose name is the caller's choice, or of any that is
// there.
type use struct {
	action    string
	resources []string
	// colons is how many colons the names of the resources have at most.
	colons int
	// existing: the resource has to be there already.
	existing bool
	// trusting: the resource is a role that was made to trust the caller.
	trusting bool
}

// launches is the ways to start something with a role that is passed to it.
// Which requests it takes is known from the catalogues of
// https://pathfinding.cloud and https://github.com/nccgroup/PMapper; which
// resources they are about, from
// https://docs.aws.amazon.com/service-authorization/latest/reference/.
var launches = []launch{
	{
		service: "lambda.amazonaws.com", passedTo: "lambda.amazonaws.com",
		all: []use{{action: "lambda:CreateFunction", resources: []string{function}, colons: 1}},
		oneOf: []use{
			{action: "lambda:InvokeFunction", resources: []string{function}, colons: 1},
			{action: "lambda:AddPermission", resources: []string{function}, colons: 1},
			{action: "lambda:CreateFunctionUrlConfig", resources: []string{function}, colons: 1},
			{action: "lambda:CreateEventSourceMapping", resources: []string{"*"}},
		},
		note: "a function runs its code with the role",
	},
	{
		service: "ec2.amazonaws.com", passedTo: "ec2.amazonaws.com",
		oneOf: []use{
			{action: "ec2:RunInstances", resources: []string{
				"arn:{partition}:ec2:{region}:{account}:instance/*", "arn:{partition}:ec2:{region}::image/*",
				"arn:{partition}:ec2:{region}:{account}:network-interface/*", "arn:{partition}:ec2:{region}:{account}:security-group/*",
				"arn:{partition}:ec2:{region}:{account}:subnet/*", "arn:{partition}:ec2:{region}:{account}:volume/*",
			}},
			{action: "ec2:RequestSpotInstances", resources: []string{"arn:{partition}:ec2:{region}:{account}:spot-instances-request/*"}},
		},
		note: "the user data of an instance is run, and its metadata service has the credentials of the role; there has to be an instance profile with it",
	},
	{
		service: "ec2.amazonaws.com", passedTo: "ec2.amazonaws.com",
		all: []use{
			{action: "autoscaling:CreateLaunchConfiguration", resources: []string{"arn:{partition}:autoscaling:{region}:{account}:launchConfiguration:*"}, colons: 2},
			{action: "autoscaling:CreateAutoScalingGroup", resources: []string{"arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:*"}, colons: 2},
		},
		note: "a group starts instances with the role; there has to be an instance profile with it",
	},
	{
		service: "ecs-tasks.amazonaws.com", passedTo: "ecs-tasks.amazonaws.com",
		all: []use{{action: "ecs:RegisterTaskDefinition", resources: []string{taskDefinition}, colons: 1}},
		oneOf: []use{
			{action: "ecs:RunTask", resources: []string{taskDefinition}, colons: 1},
			{action: "ecs:StartTask", resources: []string{taskDefinition}, colons: 1},
			{action: "ecs:CreateService", resources: []string{"arn:{partition}:ecs:{region}:{account}:service/*"}},
			{action: "ecs:UpdateService", resources: []string{"arn:{partition}:ecs:{region}:{account}:service/*"}, existing: true},
		},
		note: "a task runs its image with the role; there has to be a cluster",
	},
	{
		// Whoever runs a task may replace its role and the command of its
		// containers: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html
		service: "ecs-tasks.amazonaws.com", passedTo: "ecs-tasks.amazonaws.com",
		oneOf: []use{
			{action: "ecs:RunTask", resources: []string{taskDefinition}, colons: 1, existing: true},
			{action: "ecs:StartTask", resources: []string{taskDefinition}, colons: 1, existing: true},
		},
		note: "a task of a definition that is there runs another command with the role; there has to be a cluster",
	},
	{
		// Batch passes the role of a job on to ECS; to whom the role counts as
		// passed is not documented.
		service: "ecs-tasks.amazonaws.com",
		all: []use{
			{action: "batch:RegisterJobDefinition", resources: []string{"arn:{partition}:batch:{region}:{account}:job-definition/*"}},
			{action: "batch:SubmitJob", resources: []string{"arn:{partition}:batch:{region}:{account}:job-definition/*", "arn:{partition}:batch:{region}:{account}:job-queue/*"}},
		},
		note: "a job runs its image with the role; there has to be a queue",
	},
	{
		service: "pods.eks.amazonaws.com", trust: []string{"sts:AssumeRole", "sts:TagSession"},
		all:  []use{{action: "eks:CreatePodIdentityAssociation", resources: []string{"arn:{partition}:eks:{region}:{account}:cluster/*"}, existing: true}},
		note: "new pods of the service account get the role; there has to be a cluster with the agent, and a right to run pods in it",
	},
	{
		service: "glue.amazonaws.com", passedTo: "glue.amazonaws.com",
		all:   []use{{action: "glue:CreateJob", resources: []string{glueJob}}},
		oneOf: []use{{action: "glue:StartJobRun", resources: []string{glueJob}}, {action: "glue:CreateTrigger", resources: []string{"arn:{partition}:glue:{region}:{account}:trigger/*"}}},
		note:  "a job runs its script with the role",
	},
	{
		service: "glue.amazonaws.com", passedTo: "glue.amazonaws.com",
		all:   []use{{action: "glue:UpdateJob", resources: []string{glueJob}, existing: true}},
		oneOf: []use{{action: "glue:StartJobRun", resources: []string{glueJob}, existing: true}, {action: "glue:CreateTrigger", resources: []string{"arn:{partition}:glue:{region}:{account}:trigger/*"}}},
		note:  "a job that is there gets the role and another script",
	},
	{
		service: "glue.amazonaws.com", passedTo: "glue.amazonaws.com",
		all: []use{
			{action: "glue:CreateSession", resources: []string{"arn:{partition}:glue:{region}:{account}:session/*"}},
			{action: "glue:RunStatement", resources: []string{"arn:{partition}:glue:{region}:{account}:session/*"}},
		},
		note: "an interactive session runs statements with the role",
	},
	{
		service: "glue.amazonaws.com", passedTo: "glue.amazonaws.com",
		all:  []use{{action: "glue:CreateDevEndpoint", resources: []string{"*"}}},
		note: "one logs in to a development endpoint that has the role",
	},
	{
		service: "sagemaker.amazonaws.com", passedTo: "sagemaker.amazonaws.com",
		all: []use{
			{action: "sagemaker:CreateNotebookInstance", resources: []string{notebook}},
			{action: "sagemaker:CreatePresignedNotebookInstanceUrl", resources: []string{notebook}},
		},
		note: "one opens a notebook that has the role",
	},
	{
		service: "sagemaker.amazonaws.com", passedTo: "sagemaker.amazonaws.com",
		oneOf: []use{
			{action: "sagemaker:CreateTrainingJob", resources: []string{"arn:{partition}:sagemaker:{region}:{account}:training-job/*"}},
			{action: "sagemaker:CreateProcessingJob", resources: []string{"arn:{partition}:sagemaker:{region}:{account}:processing-job/*"}},
		},
		note: "a job runs its image with the role",
	},
	{
		service: "codebuild.amazonaws.com", passedTo: "codebuild.amazonaws.com",
		all:   []use{{action: "codebuild:CreateProject", resources: []string{project}}},
		oneOf: []use{{action: "codebuild:StartBuild", resources: []string{project}}, {action: "codebuild:StartBuildBatch", resources: []string{project}}},
		note:  "a build runs its commands with the role",
	},
	{
		service: "cloudformation.amazonaws.com", passedTo: "cloudformation.amazonaws.com",
		all:  []use{{action: "cloudformation:CreateStack", resources: []string{stack}}},
		note: "a stack makes what its template says with the role",
	},
	{
		service: "cloudformation.amazonaws.com", passedTo: "cloudformation.amazonaws.com",
		all:  []use{{action: "cloudformation:CreateChangeSet", resources: []string{stack}}, {action: "cloudformation:ExecuteChangeSet", resources: []string{stack}}},
		note: "a change set makes what its template says with the role",
	},
	{
		service: "states.amazonaws.com", passedTo: "states.amazonaws.com",
		all:  []use{{action: "states:CreateStateMachine", resources: []string{stateMachine}}, {action: "states:StartExecution", resources: []string{stateMachine}}},
		note: "a state machine calls any API of AWS with the role",
	},
	{
		service: "scheduler.amazonaws.com", passedTo: "scheduler.amazonaws.com",
		all:  []use{{action: "scheduler:CreateSchedule", resources: []string{"arn:{partition}:scheduler:{region}:{account}:schedule/*"}}},
		note: "a schedule calls any API of AWS with the role",
	},
	{
		service: "ssm.amazonaws.com", passedTo: "ssm.amazonaws.com",
		all: []use{{action: "ssm:StartAutomationExecution", resources: []string{
			"arn:{partition}:ssm:{region}:{account}:document/*", "arn:{partition}:ssm:{region}:{account}:automation-execution/*",
		}}},
		note: "an automation calls any API of AWS with the role; there has to be a document that does",
	},
	{
		service: "datapipeline.amazonaws.com",
		all: []use{
			{action: "datapipeline:CreatePipeline", resources: []string{"*"}},
			{action: "datapipeline:PutPipelineDefinition", resources: []string{"arn:{partition}:datapipeline:{region}:{account}:pipeline/*"}},
			{action: "datapipeline:ActivatePipeline", resources: []string{"arn:{partition}:datapipeline:{region}:{account}:pipeline/*"}},
		},
		note: "a pipeline runs commands with the role",
	},
	{
		service: "tasks.apprunner.amazonaws.com",
		all:     []use{{action: "apprunner:CreateService", resources: []string{"arn:{partition}:apprunner:{region}:{account}:service/*"}}},
		note:    "a service runs its image with the role",
	},
	{
		service: "emr-serverless.amazonaws.com",
		all: []use{
			{action: "emr-serverless:CreateApplication", resources: []string{"*"}},
			{action: "emr-serverless:StartJobRun", resources: []string{"arn:{partition}:emr-serverless:{region}:{account}:/applications/*"}},
		},
		note: "a job runs its code with the role",
	},
	{
		service: "bedrock-agentcore.amazonaws.com", passedTo: "bedrock-agentcore.amazonaws.com",
		all: []use{
			{action: "bedrock-agentcore:CreateCodeInterpreter", resources: []string{"*"}},
			{action: "bedrock-agentcore:StartCodeInterpreterSession", resources: []string{interpreter}},
			{action: "bedrock-agentcore:InvokeCodeInterpreter", resources: []string{interpreter}},
		},
		note: "a code interpreter runs code with the role",
	},
}

const (
	function       = "arn:{partition}:lambda:{region}:{account}:function:*"
	taskDefinition = "arn:{partition}:ecs:{region}:{account}:task-definition/*"
	glueJob        = "arn:{partition}:glue:{region}:{account}:job/*"
	notebook       = "arn:{partition}:sagemaker:{region}:{account}:notebook-instance/*"
	project        = "arn:{partition}:codebuild:{region}:{account}:project/*"
	stack          = "arn:{partition}:cloudformation:{region}:{account}:stack/*"
	stateMachine   = "arn:{partition}:states:{region}:{account}:stateMachine:*"
	interpreter    = "arn:{partition}:bedrock-agentcore:{region}:{account}:code-interpreter-custom/*"
)
