// A provider on a loopback port. It is told what to do by lines of JSON on stdin,
// answers each with its state, and ends when stdin does:
//
//   {"baseUrl": "http://localhost:8000"}   where the application is
//   {"logoutNamesSession": false}          logout tokens have no `sid` from now on
//   {"accessTokenTtl": 1}                  seconds that tokens live from now on
//   {"rotate": "RS256"}                    a new signing key
//   {"fail": "/oidc/token"}                a path that answers 500; null for none

import { createServer } from 'node:http';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { usable } from './adapter.js';
import { configuration, newKey } from './configuration.js';
import { interact } from './interaction.js';

const { default: Provider, errors } = await import(process.argv[2]);

// Stdout is for the tests; the package's hints are not.
console.info = console.error;

// Characters that must be percent-encoded on the way.
const app = { id: 'interop-app', secret: 'a secret: 100% +/&=' };
const settings = {
  accessTokenTtl: 3600,
  baseUrl: 'http://localhost:8000',
  fail: null,
  logoutNamesSession: true,
};
const counts = { requests: {}, refreshes: 0 };
let alg = 'ES384';
let keys = [newKey(alg)];
let provider;
let callback;

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, endpoint);
  counts.requests[pathname] = (counts.requests[pathname] ?? 0) + 1;
  if (pathname === settings.fail) {
    response.writeHead(500, { 'content-type': 'text/html' }).end('<h1>Internal error</h1>');
  } else if (pathname.startsWith('/oidc/')) {
    request.originalUrl = request.url;
    request.url = request.url.slice('/oidc'.length);
    callback(request, response);
  } else {
    await interact(provider, request, response);
  }
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const endpoint = `http://127.0.0.1:${server.address().port}`;
start();

// Tokens and sessions outlive a provider, its keys do not.
function start() {
  provider = new Provider(`${endpoint}/oidc`, configuration({ app, alg, keys, errors, settings }));
  provider.on('grant.success', ({ oidc }) => {
    if (oidc.params.grant_type === 'refresh_token') counts.refreshes += 1;
  });
  provider.on('backchannel.error', (_, error) => console.error(error));
  callback = provider.callback();
}

// Like Logto: the current key stays published, the previous one goes.
function rotate(to) {
  alg = to;
  keys = [newKey(to), keys[0]];
  start();
}

console.log(JSON.stringify({ endpoint, app }));
for await (const line of createInterface({ input: process.stdin })) {
  const { rotate: to, ...changes } = JSON.parse(line);
  Object.assign(settings, changes);
  if (to) rotate(to);
  if ('baseUrl' in changes || 'logoutNamesSession' in changes) start();
  console.log(JSON.stringify({ ...counts, refreshTokens: usable('RefreshToken') }));
}
process.exit();
