// Reads a request a line from standard input and writes an answer a line to
// standard output, both JSON. It is run from the folder that the package is
// installed in.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const installed = createRequire(join(process.cwd(), 'package.json'))
const { runSimulation } = await import(pathToFileURL(installed.resolve('@cloud-copilot/iam-simulate')).href)

// answer is what the caller needs of a result.
async function answer({ simulation, options }) {
  const got = await runSimulation(simulation, options)
  if (got.resultType === 'error') {
    return { error: JSON.stringify(got.errors) }
  }
  if (got.resultType !== 'single') {
    return { error: `result is ${got.resultType}, not of a single request` }
  }
  const { analysis, ignoredContextKeys } = got.result
  return {
    result: got.overallResult,
    blockedBy: analysis.blockedBy,
    ignored: ignoredContextKeys,
    conditions: analysis.conditions,
    sessionName: analysis.ignoredRoleSessionName,
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let out
  try {
    out = await answer(JSON.parse(line))
  } catch (error) {
    out = { error: String(error?.stack ?? error) }
  }
  if (!process.stdout.write(JSON.stringify(out) + '\n')) {
    await new Promise((resolve) => process.stdout.once('drain', resolve))
  }
}
