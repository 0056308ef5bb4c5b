/**
 * What the SDK takes for its surroundings. On Node it brings Ajv, which is half of what would be loaded at start and makes code from text; the validator it has for hosts that
 * forbid that does the same for the one thing it is asked here, whether a form was filled in as it was meant.
 */
export { CfWorkerJsonSchemaValidator as DefaultJsonSchemaValidator } from '@modelcontextprotocol/server/validators/cf-worker';

// Importing it would make every stream and table that hangs on it.
export const { process } = globalThis;
