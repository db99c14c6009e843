// A self-signed certificate for localhost, in the little of ASN.1 that it takes.

import { generateKeyPairSync, sign } from 'node:crypto';

function element(tag, ...parts) {
  const body = Buffer.concat(parts);
  const { length } = body;
  const size = [length];
  if (length >= 0x80) size.unshift(0x81);
  if (length >= 0x100) size.splice(0, 2, 0x82, length >> 8, length & 0xff);
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

const sequence = (...parts) => element(0x30, ...parts);
const integer = (number) => element(0x02, Buffer.from([number]));
const text = (string) => element(0x0c, Buffer.from(string));

function time(days) {
  const date = new Date(Date.now() + days * 24 * 3600 * 1000).toISOString();
  return element(0x17, Buffer.from(date.slice(2).replace(/[-:T]|\.\d+/g, '')));
}

const COMMON_NAME = Buffer.from('0603550403', 'hex');
const ECDSA_WITH_SHA256 = sequence(Buffer.from('06082a8648ce3d040302', 'hex'));

export function certificate() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(element(0x31, sequence(COMMON_NAME, text('localhost'))));
  const body = sequence(
    element(0xa0, integer(2)), // version 3
    integer(1), // serial number
    ECDSA_WITH_SHA256,
    name,
    sequence(time(-1), time(1)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = element(0x03, Buffer.from([0]), sign('sha256', body, privateKey));
  const base64 = sequence(body, ECDSA_WITH_SHA256, signature).toString('base64');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  };
}
