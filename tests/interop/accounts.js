// The users, with the claims that Logto has for them.

export const accounts = {
  alice: {
    sub: 'extwr7ziy1s8',
    name: 'Alice Lidell',
    picture: 'https://example.com/alice.png',
    username: 'alice',
    locale: 'de-DE',
    created_at: 1795319767817, // milliseconds, like all of Logto's own times
    updated_at: 1795319891658,
    email: 'alice@example.com',
    email_verified: true,
    phone_number: '15551234567',
    phone_number_verified: true,
    address: { country: 'DE', locality: 'Berlin', postalCode: '10115' },
    custom_data: { plan: 'gold', seats: 3 },
    identities: {},
    sso_identities: [],
    roles: ['items-admin'],
    organizations: ['8wz3nrme4n02'],
    organization_data: [{ id: '8wz3nrme4n02', name: 'acme', description: null }],
    organization_roles: ['8wz3nrme4n02:admin'],
  },
  // A user name and nothing else.
  bob: {
    sub: 'gkju4tjfw43g',
    name: null,
    picture: null,
    username: 'bob',
    created_at: 1795319767963,
    updated_at: 1795319986918,
    email: null,
    email_verified: false,
    phone_number: null,
    phone_number_verified: false,
    custom_data: {},
    identities: {},
    sso_identities: [],
    roles: [],
    organizations: [],
    organization_data: [],
    organization_roles: [],
  },
};

// Which scope gives which claims.
export const claims = {
  openid: ['sub'],
  profile: ['name', 'picture', 'username', 'locale', 'created_at', 'updated_at'],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  address: ['address'],
  custom_data: ['custom_data'],
  identities: ['identities', 'sso_identities'],
  roles: ['roles'],
  'urn:logto:scope:organizations': ['organizations', 'organization_data'],
  'urn:logto:scope:organization_roles': ['organization_roles'],
};

// Logto gives these only in the user info.
const extended = ['custom_data', 'identities', 'sso_identities', 'organization_data'];

export function findAccount(_, sub) {
  const account = Object.values(accounts).find((account) => account.sub === sub);
  return account && {
    accountId: sub,
    claims(use) {
      const given = Object.entries(account);
      return Object.fromEntries(
        given.filter(([name]) => use !== 'id_token' || !extended.includes(name)),
      );
    },
  };
}
