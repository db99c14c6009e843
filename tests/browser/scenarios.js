// What people do with the sample application in a browser.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { scenarios as accessible } from './accessible.js';

const heading = (page) => page.getByRole('heading', { level: 1 }).innerText();

// Counts sign-ins for a minute, so that none goes round for ever.
const isCount = ({ name }) => name.endsWith('_n');

const isSession = (cookie) =>
  cookie.name.includes('logto_') && !cookie.name.includes('_t_') && !isCount(cookie);

const kinds = (cookies) => [cookies.filter(isSession).length, cookies.filter(isCount).length];

// The cookies that a browser would send to the application.
const cookiesFor = (visitor, app) => visitor.cookies(app);

// The same without the count.
const lastingCookiesFor = async (visitor, app) =>
  (await cookiesFor(visitor, app)).filter((cookie) => !isCount(cookie));

// After a sign-out the provider sends the browser home, with the state.
const isHome = (app) => (url) => url.origin === app && url.pathname === '/';

async function chooses(page, user) {
  assert.equal(await heading(page), 'Sign in');
  await page.getByRole('button', { name: user }).click();
}

async function signsIn(page, url, user = 'alice') {
  await page.goto(url);
  await chooses(page, user);
  await page.waitForURL(url);
}

// Keeps the address of every callback that is asked for.
function callbacks(page) {
  const seen = [];
  page.on('request', (request) => {
    if (new URL(request.url()).pathname === '/callback') seen.push(request.url());
  });
  return seen;
}

// Shows a page of another origin of the same site: of another port.
async function neighbour(html, visit) {
  const server = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html').end(html);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await visit(`http://localhost:${server.address().port}/`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

export const scenarios = {
  async 'a stranger signs in and comes back to the page'({ app, visitor }) {
    const page = await (await visitor()).newPage();
    await page.goto(app);
    assert.equal(await heading(page), 'Hello, stranger!');
    await signsIn(page, `${app}/protected?x=1`);
    assert.equal(await heading(page), 'Your ID token');
    assert.ok(await page.getByText('alice@example.com').isVisible());
    await page.getByRole('link', { name: 'Home' }).click();
    assert.equal(await heading(page), 'Hello, Alice Lidell!');
    await page.getByRole('link', { name: '/protected/userinfo' }).click();
    assert.equal(await heading(page), 'Your user info');
    await page.goto(`${app}/api/me`);
    assert.equal(JSON.parse(await page.innerText('body')).email, 'alice@example.com');
  },

  async 'a new user signs up'({ app, visitor }) {
    const page = await (await visitor()).newPage();
    await page.goto(app);
    await page.getByRole('link', { name: 'Sign up' }).click();
    assert.equal(await heading(page), 'Sign up');
    await page.getByLabel('User name').fill('carol');
    await page.getByRole('button', { name: 'Sign up' }).click();
    await page.waitForURL(`${app}/`);
    assert.equal(await heading(page), 'Hello, carol!');
  },

  async 'a cancelled sign in says so and can be begun again'({ app, visitor }) {
    const context = await visitor();
    const page = await context.newPage();
    await page.goto(`${app}/protected?x=1`);
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url().startsWith(`${app}/callback`)),
      page.getByRole('button', { name: 'Cancel' }).click(),
    ]);
    assert.equal(answer.status(), 400);
    assert.equal(await heading(page), 'Sign-in cancelled');
    assert.deepEqual(await cookiesFor(context, app), []);
    await page.getByRole('link', { name: 'Sign in again' }).click();
    await chooses(page, 'bob');
    await page.waitForURL(`${app}/protected?x=1`);
  },

  async 'a sign out ends the session here and at the provider'({ app, visitor }) {
    const context = await visitor();
    const page = await context.newPage();
    await signsIn(page, `${app}/protected`);
    await page.getByRole('link', { name: 'Sign out' }).click();
    await page.waitForURL(isHome(app));
    assert.equal(await heading(page), 'Hello, stranger!');
    assert.deepEqual(await cookiesFor(context, app), []);
    await signsIn(page, `${app}/protected`, 'bob'); // the provider asks again
  },

  async 'a sign out at the provider ends the session here'({ app, visitor }) {
    const context = await visitor();
    const page = await context.newPage();
    await page.goto(`${app}/protected`);
    const provider = new URL(page.url()).origin;
    await chooses(page, 'alice');
    await page.waitForURL(`${app}/protected`);
    const elsewhere = await (await visitor()).newPage();
    await signsIn(elsewhere, `${app}/protected`);

    await page.goto(`${provider}/oidc/session/end`);
    await page.waitForURL(`${provider}/oidc/session/end/success`);
    await page.goto(app);
    assert.equal(await heading(page), 'Hello, stranger!');
    assert.deepEqual(await lastingCookiesFor(context, app), []);
    assert.equal((await elsewhere.reload()).status(), 200);
  },

  async 'another site cannot sign anybody out'({ app, visitor }) {
    const page = await (await visitor()).newPage();
    await page.goto(`${app}/protected`);
    const provider = page.url();
    await chooses(page, 'alice');
    await page.waitForURL(`${app}/protected`);
    await page.goto(new URL('/', provider).href);
    await page.evaluate((url) => {
      location.href = url;
    }, `${app}/sign-out`);
    await page.waitForURL(`${app}/sign-out`);
    assert.equal(await heading(page), 'Not signed out');
    await page.goto(app);
    assert.equal(await heading(page), 'Hello, Alice Lidell!');
  },

  async 'a form on another host of the site signs nobody out'({ app, visitor }) {
    const context = await visitor();
    const page = await context.newPage();
    await signsIn(page, `${app}/protected`);
    const form = `<form method="post" action="${app}/sign-out"><button>Win</button></form>`;
    await neighbour(form, async (url) => {
      await page.goto(url);
      await page.getByRole('button', { name: 'Win' }).click();
      await page.waitForURL(`${app}/sign-out`);
    });
    assert.equal(await heading(page), 'Not signed out');
    assert.equal((await page.goto(`${app}/protected`)).status(), 200);
    await page.evaluate((html) => {
      document.body.innerHTML = html;
    }, form);
    await page.getByRole('button', { name: 'Win' }).click();
    await page.waitForURL(isHome(app));
    assert.equal(await heading(page), 'Hello, stranger!');
  },

  async 'everything works without javascript'({ app, visitor }) {
    const page = await (await visitor({ javaScriptEnabled: false })).newPage();
    await signsIn(page, `${app}/protected`);
    await page.getByRole('link', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(isHome(app));
    assert.equal(await heading(page), 'Hello, stranger!');
  },

  async 'two tabs sign in at once and land on their own pages'({ app, visitor }) {
    const context = await visitor();
    const [first, second] = [await context.newPage(), await context.newPage()];
    await first.goto(`${app}/protected?tab=1`);
    await second.goto(`${app}/protected/userinfo?tab=2`);
    await chooses(second, 'alice');
    await second.waitForURL(`${app}/protected/userinfo?tab=2`);
    await chooses(first, 'alice');
    await first.waitForURL(`${app}/protected?tab=1`);
    for (const page of [first, second]) {
      assert.equal((await page.reload()).status(), 200);
    }
    assert.equal((await lastingCookiesFor(context, app)).length, 1);
  },

  async 'a browser that lost its cookies is told so and sent round no more'({ app, visitor }) {
    const context = await visitor();
    const page = await context.newPage();
    const seen = callbacks(page);
    await page.goto(`${app}/protected?x=1`);
    await context.clearCookies({ domain: 'localhost' });
    await page.getByRole('button', { name: 'alice' }).click();
    await page.waitForURL(`${app}/callback?*`);
    assert.equal(await heading(page), 'Sign-in expired');
    assert.ok(await page.getByText('your browser blocks cookies from this site').isVisible());
    assert.equal(seen.length, 1);
    await page.getByRole('link', { name: 'Sign in again' }).click();
    await page.waitForURL(`${app}/`);
    assert.equal(await heading(page), 'Hello, Alice Lidell!');
  },

  async 'the back button brings no error and signs nobody out'({ app, visitor }) {
    const page = await (await visitor()).newPage();
    const seen = callbacks(page);
    await page.goto(app);
    await signsIn(page, `${app}/protected?x=1`);
    assert.equal(seen.length, 1);

    // The address of the callback, again: from the history, or typed.
    await page.goto(seen[0]);
    assert.equal(new URL(page.url()).origin, app);
    assert.notEqual(new URL(page.url()).pathname, '/callback');
    assert.equal((await page.goto(`${app}/protected`)).status(), 200);

    // The whole way back, over the provider's page, and forth again.
    for (let steps = await page.evaluate(() => history.length); steps > 2; steps -= 1) {
      const answer = await page.goBack();
      assert.ok(!page.url().startsWith(app) || answer.status() === 200, page.url());
    }
    assert.equal(page.url(), `${app}/`);
    assert.equal(await heading(page), 'Hello, Alice Lidell!');
    await page.goForward();
    assert.equal(await heading(page), 'This sign-in is over');
    await page.goForward();
    assert.equal(await heading(page), 'Your ID token');
  },

  async 'scripts see no cookie and the cookies are lax'({ app, visitor }) {
    const context = await visitor();
    const page = await context.newPage();
    await page.goto(`${app}/protected`);
    const begun = await cookiesFor(context, app);
    assert.equal(begun.length, 1);
    assert.ok(!isSession(begun[0]));
    const minutes = (begun[0].expires - Date.now() / 1000) / 60;
    assert.ok(minutes > 179 && minutes <= 180, `${minutes} minutes`);
    await chooses(page, 'alice');
    await page.waitForURL(`${app}/protected`);
    const cookies = await cookiesFor(context, app);
    assert.deepEqual(kinds(cookies), [1, 1]);
    for (const cookie of [...begun, ...cookies]) {
      const { domain, path, httpOnly, sameSite, secure } = cookie;
      assert.deepEqual(
        { domain, path, httpOnly, sameSite, secure },
        { domain: 'localhost', path: '/', httpOnly: true, sameSite: 'Lax', secure: false },
      );
    }
    assert.equal(await page.evaluate(() => document.cookie), '');
  },

  async 'over https the cookies are secure and of this host alone'({ https, visitor }) {
    const context = await visitor({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.goto(`${https}/protected?x=1`);
    const begun = await cookiesFor(context, https);
    await chooses(page, 'alice');
    await page.waitForURL(`${https}/protected?x=1`);
    const cookies = await cookiesFor(context, https);
    assert.deepEqual([begun.length, ...kinds(cookies)], [1, 1, 1]);
    for (const { name, domain, path, httpOnly, sameSite, secure } of [...begun, ...cookies]) {
      assert.ok(name.startsWith('__Host-logto_'), name);
      assert.deepEqual(
        { domain, path, httpOnly, sameSite, secure },
        { domain: 'localhost', path: '/', httpOnly: true, sameSite: 'Lax', secure: true },
      );
    }
    await page.getByRole('link', { name: 'Sign out' }).click();
    await page.waitForURL(isHome(https));
    assert.deepEqual(await cookiesFor(context, https), []);
  },

  async 'a sign in begun on another name of this host succeeds'({ app, visitor }) {
    const page = await (await visitor()).newPage();
    await page.goto(`${app.replace('localhost', '127.0.0.1')}/protected?x=1`);
    await chooses(page, 'alice');
    await page.waitForURL(`${app}/protected?x=1`);
    assert.equal(await heading(page), 'Your ID token');
  },

  async 'only a navigation begins a sign in'({ app, visitor }) {
    // The pages' own policy would stop all of this before the application sees it.
    const context = await visitor({ bypassCSP: true });
    const page = await context.newPage();
    await page.goto(app);
    const asked = await page.evaluate(async () => {
      const html = { headers: { Accept: 'text/html' } };
      const answers = await Promise.all([
        fetch('/protected'),
        fetch('/protected', html),
        fetch('/protected', { ...html, method: 'POST' }),
        fetch('/sign-in', html),
      ]);
      return answers.map((answer) => [answer.status, answer.redirected]);
    });
    const refused = [401, false];
    assert.deepEqual(asked, [refused, refused, [404, false], refused]);

    const loads = {
      'link rel=prefetch': () => {
        const link = document.createElement('link');
        document.head.append(Object.assign(link, { rel: 'prefetch', href: '/protected?prefetch' }));
      },
      image: () => {
        document.body.append(Object.assign(new Image(), { src: '/protected?image' }));
      },
      frame: () => {
        const frame = document.createElement('iframe');
        document.body.append(Object.assign(frame, { src: '/protected?frame' }));
      },
    };
    for (const [name, load] of Object.entries(loads)) {
      const answer = page.waitForResponse((response) => response.url().includes('/protected?'));
      await page.evaluate(load);
      assert.equal((await answer).status(), 401, name);
    }
    assert.deepEqual(await cookiesFor(context, app), []);
  },

  async 'only a click signs anybody out'({ app, visitor }) {
    // The pages' own policy would stop most of this before the application sees it.
    const context = await visitor({ bypassCSP: true });
    const page = await context.newPage();
    await signsIn(page, `${app}/protected`);
    const signOut = page.getByRole('link', { name: 'Sign out' });

    const speculate = (action) => {
      const rules = { [action]: [{ urls: ['/sign-out'], eagerness: 'immediate' }] };
      const script = Object.assign(document.createElement('script'), { type: 'speculationrules' });
      document.head.append(Object.assign(script, { textContent: JSON.stringify(rules) }));
    };
    const loads = {
      'link rel=prefetch': () => page.evaluate(() => {
        const link = document.createElement('link');
        document.head.append(Object.assign(link, { rel: 'prefetch', href: '/sign-out' }));
      }),
      'speculation rules: prefetch': () => page.evaluate(speculate, 'prefetch'),
      'speculation rules: prerender': () => page.evaluate(speculate, 'prerender'),
      'fetch on hover': async () => {
        await signOut.evaluate((link) => {
          link.addEventListener('mouseover', () => fetch(link.href));
        });
        await signOut.hover();
      },
      image: () => page.evaluate(() => {
        document.body.append(Object.assign(new Image(), { src: '/sign-out' }));
      }),
      frame: () => page.evaluate(() => {
        const frame = document.createElement('iframe');
        document.body.append(Object.assign(frame, { src: '/sign-out' }));
      }),
      HEAD: () => page.evaluate(() => fetch('/sign-out', { method: 'HEAD' })),
    };
    for (const [name, load] of Object.entries(loads)) {
      await page.goto(`${app}/protected`);
      const answer = page.waitForResponse(`${app}/sign-out`);
      await load();
      assert.equal((await answer).status(), 403, name);
      const me = await page.evaluate(async () => (await fetch('/api/me')).status);
      assert.equal(me, 200, name);
      if (name.includes('pre')) {
        // What the browser was given before is not what the click gets.
        await signOut.click();
        await page.waitForURL(isHome(app));
        assert.equal(await heading(page), 'Hello, stranger!', name);
        await signsIn(page, `${app}/protected`);
      }
    }

    const asked = [];
    page.on('request', (request) => {
      if (request.url() === `${app}/sign-out`) asked.push(request.resourceType());
    });
    const html = `<img src="${app}/sign-out"><iframe src="${app}/sign-out"></iframe>`;
    await neighbour(html, (url) => page.goto(url));
    assert.deepEqual(asked, ['image', 'document']);
    assert.equal((await page.goto(`${app}/api/me`)).status(), 200);
  },

  async 'a session that is not persistent ends with the browser'({ app, visitor }) {
    const context = await visitor();
    const page = await context.newPage();
    await signsIn(page, `${app}/protected`);
    const [session] = (await cookiesFor(context, app)).filter(isSession);
    assert.equal(session.expires, -1);
    assert.equal((await page.reload()).status(), 200);
  },

  async 'an upload after the session has ended is answered'({ app, visitor }) {
    const page = await (await visitor()).newPage();
    const size = 5 * 1024 * 1024;
    await page.goto(app);
    const file = { name: 'x', mimeType: 'application/octet-stream', buffer: Buffer.alloc(size) };
    await page.setInputFiles('input', file);
    await page.getByRole('button', { name: 'Upload' }).click();
    await page.waitForURL(`${app}/signed-out`);
    assert.equal(await heading(page), 'Please sign in');
    const fetched = await page.evaluate(async (length) => {
      const answer = await fetch('/api/upload', { method: 'POST', body: new Uint8Array(length) });
      return [answer.status, await answer.json()];
    }, size);
    assert.deepEqual(fetched, [401, { error: 'Not authenticated' }]);
  },

  async 'service workers pass sign ins on'({ app, visitor }) {
    for (const kind of ['naive', 'preloading', 'caching']) {
      const browser = await visitor();
      const page = await browser.newPage();
      await page.goto(`${app}/public`);
      await page.evaluate(async (script) => {
        await navigator.serviceWorker.register(script, { scope: '/' });
        await navigator.serviceWorker.ready;
      }, `/workers/${kind}`);
      await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
      // What the worker fetches for an image is not a navigation.
      const image = await page.evaluate(async () => {
        const answer = await fetch('/images/private', { headers: { Accept: 'image/*' } });
        return answer.status;
      });
      assert.equal(image, 401, kind);
      assert.equal((await cookiesFor(browser, app)).length, 0, kind);

      await signsIn(page, `${app}/pages/private`);
      assert.equal(await heading(page), 'Hello, Alice Lidell!', kind);
      await page.reload();
      assert.equal(await heading(page), 'Hello, Alice Lidell!', kind);
      await page.getByRole('link', { name: 'Sign out' }).click();
      await page.waitForURL((url) => url.pathname === '/');
      assert.deepEqual(await lastingCookiesFor(browser, app), [], kind);
    }
  },

  async 'a front end in javascript leads to sign in whenever nobody is signed in'({ app, visitor }) {
    const browser = await visitor();
    const page = await browser.newPage();
    await page.goto(`${app}/?page=2`);
    await page.getByRole('link', { name: 'Sign in' }).click();
    await chooses(page, 'alice');
    await page.waitForURL(`${app}/?page=2`);
    await page.getByText('You have no items yet.').waitFor();
    assert.equal(await heading(page), 'Items of Alice Lidell');
    await page.getByLabel('New item').fill('<b>Rope</b>');
    await page.keyboard.press('Enter');
    await page.getByRole('listitem').waitFor();
    assert.equal(await page.getByRole('listitem').innerText(), '<b>Rope</b>');
    const kept = () => [document.cookie, localStorage.length, sessionStorage.length];
    assert.deepEqual(await page.evaluate(kept), ['', 0, 0]);

    const other = await browser.newPage();
    await other.goto(app);
    await other.getByRole('link', { name: 'Sign out' }).click();
    await other.waitForURL(isHome(app));
    await page.getByLabel('New item').fill('Anvil');
    await page.keyboard.press('Enter');
    await page.getByText('You are not signed in.').waitFor();
    assert.equal(await page.getByRole('listitem').count(), 0);

    await page.getByRole('link', { name: 'Sign in' }).click();
    await chooses(page, 'bob');
    await page.getByText('You have no items yet.').waitFor();
    await page.getByLabel('New item').fill('Anvil');
    await page.keyboard.press('Enter');
    await page.getByText('You may not do this.').waitFor();
    assert.equal(await heading(page), 'Items of bob');
  },

  ...accessible,
};
