import type { Config } from '../config.ts';
import { readText } from '../files/read.ts';
import { cleanText, showPath } from '../text.ts';
import { about, type Finding } from './finding.ts';
import type { Patient } from './patient.ts';

const { ok, warning } = about('certificates');

/** Whether the certificate authorities that were added can be read: Node says nothing of it where nobody looks. */
export async function checkCertificates({ NODE_EXTRA_CA_CERTS: path }: Patient['env'], { backend }: Config): Promise<Finding[]> {
  if (!path?.trim() || backend === 'standin') return [];
  const text = await readText(path);
  const name = `NODE_EXTRA_CA_CERTS ${showPath(cleanText(path, 200))}`;
  const fix = 'name the file (PEM) of the certificate authority, or take the variable away';
  if (text === undefined) return [warning(`${name}: there is no such file`, fix)];
  if (text instanceof Error) return [warning(`${name}: the file cannot be read`, fix)];
  const count = text.split('-----BEGIN CERTIFICATE-----').length - 1;
  if (count === 0) return [warning(`${name}: no certificate is in it`, fix)];
  return [ok(`${name}: ${count === 1 ? 'one more certificate is' : `${count} more certificates are`} trusted`)];
}
