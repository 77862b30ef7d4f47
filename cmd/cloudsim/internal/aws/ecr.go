package aws

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/content"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

// ecr serves the control plane of Amazon ECR; the registry itself is another
// server. Its rate limits are in
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html.
var ecr = &service{
	name: "ecr", protocol: jsonProtocol, prefix: "AmazonEC2ContainerRegistry_V20150921", faults: jsonFaults,
	limits: map[string]limit{
		"GetAuthorizationToken": {200, 20},
		"BatchGetImage":         {2000, 2000},
	},
	operations: map[string]operation{
		"GetAuthorizationToken": {handle: (*call).ecrGetAuthorizationToken},
		"DescribeRepositories":  {handle: (*call).ecrDescribeRepositories},
		"DescribeImages":        {handle: (*call).ecrDescribeImages},
		"BatchGetImage":         {handle: (*call).ecrBatchGetImage},
	},
}

func (c *call) ecrGetAuthorizationToken() (any, error) {
	type data struct {
		Token     string    `json:"authorizationToken"`
		ExpiresAt timestamp `json:"expiresAt"`
		Endpoint  string    `json:"proxyEndpoint"`
	}
	return struct {
		Data []data `json:"authorizationData"`
	}{[]data{{
		base64.StdEncoding.EncodeToString([]byte("AWS:" + RegistryPassword)), timestamp(c.Now().Add(12 * time.Hour)), c.RegistryURL,
	}}}, nil
}

// RegistryPassword is the password that GetAuthorizationToken gives for the
// user "AWS" of the registries.
const RegistryPassword = "simulated-registry-password"

func (c *call) ecrDescribeRepositories() (any, error) {
	var in struct {
		RegistryID string   `json:"registryId"`
		Names      []string `json:"repositoryNames"`
		MaxResults int      `json:"maxResults"`
		NextToken  string   `json:"nextToken"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	size, err := pageSize(in.MaxResults, 100, 1000)
	if err != nil {
		return nil, err
	}
	names := c.repositories(in.RegistryID)
	for _, n := range in.Names {
		if !slices.Contains(names, n) {
			return nil, c.noRepository(n)
		}
	}
	if len(in.Names) > 0 {
		names = in.Names
	}
	names, next, err := page(names, in.NextToken, size)
	if err != nil {
		return nil, err
	}
	type repository struct {
		ARN        string    `json:"repositoryArn"`
		RegistryID string    `json:"registryId"`
		Name       string    `json:"repositoryName"`
		URI        string    `json:"repositoryUri"`
		CreatedAt  timestamp `json:"createdAt"`
		Mutability string    `json:"imageTagMutability"`
	}
	out := struct {
		Repositories []repository `json:"repositories"`
		NextToken    string       `json:"nextToken,omitempty"`
	}{[]repository{}, next}
	for _, n := range names {
		out.Repositories = append(out.Repositories, repository{
			c.arn("ecr", "repository/"+n), c.account(), n, c.account() + ".dkr.ecr." + c.region + ".amazonaws.com/" + n,
			timestamp(c.Estate.Account(0).Joined), "MUTABLE",
		})
	}
	return out, nil
}

// repositories returns the repositories of the caller's registry; none of
// another account's, because no repository policy lets others in.
func (c *call) repositories(registry string) []string {
	if registry != "" && registry != c.account() {
		return nil
	}
	return c.Estate.Repositories(c.account(), c.region)
}

// noRepository returns the error about a missing repository.
func (c *call) noRepository(name string) error {
	return &apiError{
		Code: "RepositoryNotFoundException", Status: 400,
		Message: "The repository with name '" + name + "' does not exist in the registry with id '" + c.account() + "'",
	}
}

// A storedImage is one manifest or index in a repository, with its tags.
type storedImage struct {
	content.Blob
	tags         []string
	size         int
	artifactType string
	pushedAt     time.Time
}

// An imageID names an image by tag or digest.
type imageID struct {
	Digest string `json:"imageDigest,omitempty"`
	Tag    string `json:"imageTag,omitempty"`
}

// matches reports whether the image has the tag and the digest, as far as given.
func (i imageID) matches(s storedImage) bool {
	return (i.Digest == "" || i.Digest == s.Digest) && (i.Tag == "" || slices.Contains(s.tags, i.Tag))
}

// images returns what is in a repository.
func (c *call) images(registry, name string) ([]storedImage, error) {
	if !slices.Contains(c.repositories(registry), name) {
		return nil, c.noRepository(name)
	}
	var out []storedImage
	add := func(b content.Blob, size int, pushed time.Time) *storedImage {
		i := slices.IndexFunc(out, func(s storedImage) bool { return s.Digest == b.Digest })
		if i < 0 {
			i = len(out)
			out = append(out, storedImage{Blob: b, size: size, pushedAt: pushed})
		}
		return &out[i]
	}
	for i, tag := range estate.Repository(name) {
		img, ok := c.Contents.Image(tag.Content.Name)
		if !ok {
			continue
		}
		pushed := c.Estate.Account(0).Joined.AddDate(0, i, 0)
		size := 0
		for _, m := range img.Manifests {
			if img.Top.Digest != m.Digest {
				add(m.Blob, sizeOf(m), pushed)
			}
			size = max(size, sizeOf(m))
		}
		for _, a := range img.Artifacts {
			add(a.Blob, len(a.Data), pushed).artifactType = a.ArtifactType
		}
		top := add(img.Top, size, pushed)
		top.tags = append(top.tags, tag.Name)
	}
	return out, nil
}

// sizeOf returns the compressed size of a platform's image.
func sizeOf(m content.Manifest) int {
	n := len(m.Data) + len(m.Config.Data)
	for _, l := range m.Layers {
		n += len(l.Data)
	}
	return n
}

// An imageDetail is an image as DescribeImages writes it.
type imageDetail struct {
	RegistryID   string    `json:"registryId"`
	Repository   string    `json:"repositoryName"`
	Digest       string    `json:"imageDigest"`
	Tags         []string  `json:"imageTags,omitempty"`
	Size         int       `json:"imageSizeInBytes"`
	PushedAt     timestamp `json:"imagePushedAt"`
	PulledAt     timestamp `json:"lastRecordedPullTime"`
	MediaType    string    `json:"imageManifestMediaType"`
	ArtifactType string    `json:"artifactMediaType,omitempty"`
	Status       string    `json:"imageStatus"`
}

func (c *call) ecrDescribeImages() (any, error) {
	var in struct {
		RegistryID string    `json:"registryId"`
		Repository string    `json:"repositoryName"`
		IDs        []imageID `json:"imageIds"`
		MaxResults int       `json:"maxResults"`
		NextToken  string    `json:"nextToken"`
		Filter     struct {
			TagStatus string `json:"tagStatus"`
		} `json:"filter"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := atMost("imageIds", len(in.IDs), 100); err != nil {
		return nil, err
	}
	if len(in.IDs) > 0 && (in.MaxResults != 0 || in.NextToken != "") {
		return nil, invalidParameter("Invalid parameter at 'maxResults' failed to satisfy constraint: 'maxResults and nextToken cannot be used with imageIds'")
	}
	size, err := pageSize(in.MaxResults, 100, 1000)
	if err != nil {
		return nil, err
	}
	images, err := c.images(in.RegistryID, in.Repository)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(in.IDs) > 0 {
		images, size = pickImages(images, in.IDs)
		if size < len(in.IDs) {
			return nil, &apiError{Code: "ImageNotFoundException", Status: 400, Message: "The image requested does not exist within the repository with name '" + in.Repository + "' in the registry with id '" + c.account() + "'"}
		}
	} else {
		images = slices.DeleteFunc(images, func(s storedImage) bool {
			return in.Filter.TagStatus == "TAGGED" && len(s.tags) == 0 || in.Filter.TagStatus == "UNTAGGED" && len(s.tags) > 0
		})
		if images, next, err = page(images, in.NextToken, size); err != nil {
			return nil, err
		}
	}
	out := struct {
		Details   []imageDetail `json:"imageDetails"`
		NextToken string        `json:"nextToken,omitempty"`
	}{[]imageDetail{}, next}
	for _, i := range images {
		out.Details = append(out.Details, imageDetail{
			c.account(), in.Repository, i.Digest, i.tags, i.size, timestamp(i.pushedAt),
			timestamp(c.Estate.Now().Truncate(24 * time.Hour)), i.MediaType, i.artifactType, "ACTIVE",
		})
	}
	return out, nil
}

// pickImages returns the images that the identifiers name, each once, and how
// many of the identifiers name one.
func pickImages(images []storedImage, ids []imageID) (picked []storedImage, found int) {
	for _, id := range ids {
		i := slices.IndexFunc(images, id.matches)
		if i < 0 {
			continue
		}
		found++
		if !slices.ContainsFunc(picked, func(s storedImage) bool { return s.Digest == images[i].Digest }) {
			picked = append(picked, images[i])
		}
	}
	return picked, found
}

func (c *call) ecrBatchGetImage() (any, error) {
	var in struct {
		RegistryID string    `json:"registryId"`
		Repository string    `json:"repositoryName"`
		IDs        []imageID `json:"imageIds"`
		Accepted   []string  `json:"acceptedMediaTypes"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.IDs) == 0 {
		return nil, invalidParameter("Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must have length greater than or equal to 1'")
	}
	if err := atMost("imageIds", len(in.IDs), 100); err != nil {
		return nil, err
	}
	images, err := c.images(in.RegistryID, in.Repository)
	if err != nil {
		return nil, err
	}
	type image struct {
		RegistryID string  `json:"registryId"`
		Repository string  `json:"repositoryName"`
		ID         imageID `json:"imageId"`
		Manifest   string  `json:"imageManifest"`
		MediaType  string  `json:"imageManifestMediaType"`
	}
	type imageFailure struct {
		ID     imageID `json:"imageId"`
		Code   string  `json:"failureCode"`
		Reason string  `json:"failureReason"`
	}
	out := struct {
		Images   []image        `json:"images"`
		Failures []imageFailure `json:"failures"`
	}{[]image{}, []imageFailure{}}
	for _, id := range in.IDs {
		i := slices.IndexFunc(images, id.matches)
		if i < 0 {
			out.Failures = append(out.Failures, imageFailure{id, "ImageNotFound", "Requested image not found"})
			continue
		}
		found := accepted(images, images[i], in.Accepted)
		out.Images = append(out.Images, image{c.account(), in.Repository, imageID{found.Digest, id.Tag}, string(found.Data), found.MediaType})
	}
	return out, nil
}

// accepted returns what ECR sends to a client that accepts the media types: of
// an index that is not accepted, the amd64 manifest.
func accepted(images []storedImage, s storedImage, types []string) storedImage {
	if len(types) == 0 || slices.Contains(types, s.MediaType) {
		return s
	}
	var index struct {
		Manifests []struct {
			Digest   string
			Platform struct{ Architecture string }
		}
	}
	if json.Unmarshal(s.Data, &index) == nil {
		for _, m := range index.Manifests {
			i := slices.IndexFunc(images, func(s storedImage) bool { return s.Digest == m.Digest })
			if i >= 0 && m.Platform.Architecture == "amd64" {
				return images[i]
			}
		}
	}
	return s
}
