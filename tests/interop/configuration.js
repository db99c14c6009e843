// oidc-provider as Logto configures it.

import { generateKeyPairSync } from 'node:crypto';
import { Adapter } from './adapter.js';
import { claims, findAccount } from './accounts.js';

const RESOURCES = {
  'https://api.example.com': 'read:items write:items',
  'https://second.example.com': 'read:items',
  'urn:logto:resource:organizations': 'read:data',
};

// A new signing key. Like Logto's, an RSA key does not name its algorithm.
export function newKey(alg) {
  const [kind, options] =
    alg === 'RS256' ? ['rsa', { modulusLength: 2048 }] : ['ec', { namedCurve: 'P-384' }];
  const jwk = generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' });
  return { ...jwk, use: 'sig', ...(alg === 'RS256' ? {} : { alg }) };
}

export function configuration({ app, alg, keys, errors, settings }) {
  return {
    adapter: Adapter,
    claims,
    clients: [
      {
        client_id: app.id,
        client_secret: app.secret,
        redirect_uris: [`${settings.baseUrl}/callback`],
        post_logout_redirect_uris: [`${settings.baseUrl}/`],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
        id_token_signed_response_alg: alg,
        backchannel_logout_uri: `${settings.baseUrl}/backchannel-logout`,
        backchannel_logout_session_required: settings.logoutNamesSession,
      },
      {
        client_id: 'interop-machine',
        client_secret: app.secret,
        redirect_uris: [],
        grant_types: ['client_credentials'],
        response_types: [],
        token_endpoint_auth_method: 'client_secret_basic',
        id_token_signed_response_alg: alg,
      },
    ],
    conformIdTokenClaims: false, // claims of a scope are in the ID token too
    cookies: { keys: ['not a secret'], long: { sameSite: 'lax' }, short: { sameSite: 'lax' } },
    enabledJWA: { idTokenSigningAlgValues: [alg] },
    features: {
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        getResourceServerInfo(_, resource) {
          if (!Object.hasOwn(RESOURCES, resource)) throw new errors.InvalidTarget();
          const sign = { alg };
          return { scope: RESOURCES[resource], accessTokenFormat: 'jwt', jwt: { sign } };
        },
        useGrantedResource: () => false,
      },
      revocation: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource(ctx, form) {
          ctx.body = `<!DOCTYPE html><body onload="document.forms[0].submit()">${form}
            <input type="hidden" form="op.logoutForm" name="logout" value="yes"></body>`;
        },
      },
    },
    // The package's dispatcher posts nothing to this machine, where the application is.
    fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
    findAccount,
    interactions: { url: (_, interaction) => `/sign-in/${interaction.uid}` },
    jwks: { keys },
    pkce: { required: () => true, methods: ['S256'] },
    // Logto answers its own endpoints' errors as JSON.
    renderError(ctx, out) {
      ctx.body = { code: `oidc.${out.error}`, message: out.error_description, ...out };
    },
    rotateRefreshToken: true,
    scopes: ['openid', 'offline_access', ...Object.keys(claims).slice(1)],
    ttl: {
      AccessToken: () => settings.accessTokenTtl,
      AuthorizationCode: 60,
      Grant: 180 * 24 * 3600,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 14 * 24 * 3600,
      Session: 14 * 24 * 3600,
    },
  };
}
