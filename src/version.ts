import packageJson from '../package.json' with { type: 'json' };

/** The version in every result's Software Versions (0018,1020). */
export const softwareVersion: string = packageJson.version;
