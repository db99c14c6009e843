// The provider's only page: who are you?

import { text } from 'node:stream/consumers';
import { accounts } from './accounts.js';

export async function interact(provider, request, response) {
  try {
    const interaction = await provider.interactionDetails(request, response);
    const result = await answer(provider, interaction, request);
    if (!result) return page(response);
    await provider.interactionFinished(request, response, result);
  } catch (error) {
    response.writeHead(400, { 'content-type': 'text/plain' }).end(`${error.message}\n`);
  }
}

// What the user answers; nothing until they are asked.
async function answer(provider, { params, prompt, session, grantId }, request) {
  // An application of the tenant itself needs nobody's consent.
  const consent = async (accountId) => ({
    grantId: await grant(provider, params, accountId, grantId),
  });
  if (request.method === 'POST') {
    const name = new URLSearchParams(await text(request)).get('username');
    if (!name) return { error: 'access_denied', error_description: 'End-User aborted interaction' };
    const accountId = accounts[name].sub;
    return { login: { accountId }, consent: await consent(accountId) };
  }
  return prompt.name === 'consent' && { consent: await consent(session.accountId) };
}

// A browser's session keeps one grant, however often its user signs in.
async function grant(provider, params, accountId, grantId) {
  const known = grantId && (await provider.Grant.find(grantId));
  const grant =
    known?.accountId === accountId
      ? known
      : new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  for (const resource of [params.resource ?? []].flat()) {
    grant.addResourceScope(resource, params.scope);
  }
  return grant.save();
}

function page(response) {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(`<!DOCTYPE html>
<title>Sign in</title>
<form method="post">
<button name="username" value="alice">alice</button>
<button name="username" value="bob">bob</button>
<button name="username" value="">Cancel</button>
</form>`);
}
