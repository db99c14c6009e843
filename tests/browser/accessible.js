// Every page, as people meet it who see little, prefer the dark, or have no mouse: axe-core
// finds nothing, the keyboard reaches every control, and one sees where it is.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } };

// What axe-core says against the page. Not a script of the page, which forbids them.
async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`);
}

// Which controls the keyboard does not reach, or that look the same when it does.
async function unreached(page) {
  const count = await page.evaluate(() => {
    document.activeElement?.blur();
    const looks = (it) => {
      const { outline, boxShadow, borderColor, backgroundColor } = getComputedStyle(it);
      return [outline, boxShadow, borderColor, backgroundColor].join();
    };
    const isControl = (it) => !it.disabled && it.type !== 'hidden' && it.checkVisibility();
    const controls = document.querySelectorAll('a[href], button, input, select, textarea, summary');
    window.left = new Map([...controls].filter(isControl).map((it) => [it, looks(it)]));
    document.addEventListener('focusin', ({ target }) => {
      if (window.left.get(target) !== looks(target)) window.left.delete(target);
    });
    return window.left.size;
  });
  for (let pressed = 0; pressed <= count; pressed += 1) await page.keyboard.press('Tab');
  return page.evaluate(() => [...window.left.keys()].map((it) => it.outerHTML));
}

// Goes to a control by the keyboard, and presses Enter.
async function enter(page, control) {
  for (let pressed = 0; pressed < 40; pressed += 1) {
    await page.keyboard.press('Tab');
    if (await control.evaluate((it) => it === document.activeElement)) {
      await page.keyboard.press('Enter');
      return;
    }
  }
  assert.fail(`the keyboard does not reach ${control} on ${page.url()}`);
}

// Visits pages in light and dark, on a phone and a desktop.
async function everywhere({ visitor, screenshots, titles }, name, visit) {
  mkdirSync(screenshots, { recursive: true });
  const problems = {};
  for (const colorScheme of ['light', 'dark']) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      const page = await (await visitor({ colorScheme, viewport })).newPage();
      const errors = [];
      page.on('console', (message) => {
        // Chromium also says so of every page that is a 4xx.
        const isAnswer = message.text().startsWith('Failed to load resource');
        if (message.type() === 'error' && !isAnswer) errors.push(message.text());
      });
      const look = async (what) => {
        titles.add(await page.title());
        const where = `${name}-${what}-${size}-${colorScheme}`;
        await page.screenshot({ path: join(screenshots, `${where}.png`), fullPage: true });
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        const found = [...(await violations(page)), ...(await unreached(page))];
        if (width > viewport.width) found.push(`${width} wide`);
        if (found.length > 0) problems[where] = found;
      };
      // The page at an address, and what it is called.
      const see = async (url, what) => {
        await page.goto(url);
        await look(what);
      };
      await visit({ page, look, see });
      if (errors.length > 0) problems[`${name}-console-${size}-${colorScheme}`] = errors;
      await page.context().close();
    }
  }
  assert.deepEqual(problems, {});
}

// From a page that sends strangers to sign-in.
async function signsIn(page, url, user = 'alice') {
  await page.goto(url);
  const provider = new URL(page.url()).origin;
  await enter(page, page.getByRole('button', { name: user }));
  await page.waitForURL((now) => now.origin === new URL(url).origin && now.pathname !== '/callback');
  return provider;
}

// Sends a form from the page that is shown, as a page of another site might.
async function sends(page, url) {
  await page.evaluate((action) => {
    const form = document.createElement('form');
    document.body.append(Object.assign(form, { method: 'post', action }));
    form.submit();
  }, url);
  await page.waitForURL(url);
}

// Stays on a page that goes on to `next` by itself.
async function stays(page, url, next, look) {
  await page.route(next, (route) => route.fulfill({ status: 204 }));
  await page.goto(url, { waitUntil: 'commit' });
  await page.getByRole('button').first().waitFor();
  await look();
  await page.unroute(next);
}

// Begins a sign-in, and returns the address at which the provider was asked.
async function begins(page, url) {
  const asked = page.waitForRequest((request) => new URL(request.url()).pathname === '/oidc/auth');
  await page.goto(url);
  return new URL((await asked).url());
}

// The answer of a provider to a sign-in that was begun: what it says, and who says it.
async function answered(page, app, said, iss) {
  const asked = await begins(page, `${app}/sign-in`);
  const by = iss ?? `${asked.origin}/oidc`;
  const state = asked.searchParams.get('state');
  return `${app}/callback?${new URLSearchParams({ ...said, state, iss: by })}`;
}

const ANOTHER = 'https://another.example/oidc';

export const scenarios = {
  async 'the pages of the sample and of its provider are for everybody'(given) {
    const { app } = given;
    await everywhere(given, 'sample', async ({ page, look, see }) => {
      await see(app, 'home-stranger');
      await see(`${app}/sign-up`, 'sign-up');
      await page.goto(`${app}/sign-up`);
      await page.getByLabel('User name').fill('alice');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').waitFor();
      await look('sign-up-refused');
      await see(`${app}/protected`, 'sign-in');
      const provider = await signsIn(page, `${app}/protected`);
      await look('protected');
      await see(app, 'home');
      await see(`${app}/protected/userinfo`, 'user-info');
      await see(`${app}/protected/organizations`, 'organizations');
      await see(`${app}/nothing`, 'not-found');
      await see(`${app}/callback?state=unknown`, 'expired');
      await see(provider, 'provider-users');
      await see(`${provider}/user?username=alice`, 'provider-user');
      await see(`${provider}/user/delete?username=alice`, 'provider-delete');
      await see(`${provider}/user?username=nobody`, 'provider-nobody');
      await see(`${provider}/sign-in?interaction=unknown`, 'provider-over');
      await see(`${provider}/oidc/session/end/success`, 'provider-signed-out');
      // The provider is another site, as its host is.
      await page.goto(provider);
      await sends(page, `${app}/sign-out`);
      await look('not-signed-out');
      await page.goto(app);
      await sends(page, `${provider}/user/suspend`);
      await look('provider-not-from-here');
      const asked = await begins(page, `${app}/sign-in`);
      asked.searchParams.set('response_mode', 'form_post');
      await stays(page, asked.href, `${app}/callback`, () => look('provider-continue'));
      const confirm = `${provider}/oidc/session/end/confirm`;
      await stays(page, `${provider}/oidc/session/end`, confirm, () => look('provider-sign-out'));
      await page.goto(app);
      await enter(page, page.getByRole('link', { name: 'Sign out' }).first());
      await page.getByRole('heading', { name: 'Hello, stranger!' }).waitFor();
      await see(`${app}/protected/no-redirect`, 'unauthorized');
    });
  },

  async 'the pages of the library are for everybody'(given) {
    const { app, failing: [cutOff] } = given;
    await everywhere(given, 'library', async ({ page, look, see }) => {
      await see(`${app}/closed`, '401');
      await see(await answered(page, app, { code: 'code' }, ANOTHER), 'failed');
      await page.goto(`${app}/sign-in`);
      const provider = new URL(page.url()).origin;
      await enter(page, page.getByRole('button', { name: 'Cancel' }));
      await page.waitForURL(`${app}/callback*`);
      await look('cancelled');
      await enter(page, page.getByRole('link', { name: 'Sign in again' }));
      await page.waitForURL((now) => now.origin === provider);
      await page.getByRole('button', { name: 'bob' }).click();
      await page.waitForURL(`${app}/callback*`);
      await look('refused');
      await see(`${app}/callback?state=unknown`, 'expired');
      // Bob is signed in at the provider still.
      await page.context().clearCookies();
      await page.goto(`${app}/sign-in`);
      await page.getByRole('button', { name: 'mandy' }).click();
      await page.waitForURL(`${app}/callback*`);
      await look('too-much');
      await page.context().clearCookies();
      await signsIn(page, `${app}/sign-in?return_to=/closed`);
      await see(`${app}/admin`, '403');
      await see(`${app}/failing`, '503');
      await page.goto(provider);
      await sends(page, `${app}/closed`);
      await look('form-refused');
      await page.goto(provider);
      await sends(page, `${app}/sign-out`);
      await look('not-signed-out');
      // The browser loses each session, and what counts the sign-ins it keeps.
      const isRepeated = async () => (await page.title()).startsWith('Sign-in keeps repeating');
      for (let turns = 0; turns < 5 && !(await isRepeated()); turns += 1) {
        await page.context().clearCookies({ name: /^logto_[\w-]{6}$/ });
        await page.goto(`${app}/sign-in?return_to=/closed`);
      }
      assert.ok(await isRepeated());
      await look('repeating');
      await see(`${cutOff}/sign-out`, 'signed-out');
    });
  },

  async 'the pages of an account are for everybody'(given) {
    const { app } = given;
    await everywhere(given, 'account', async ({ page, look, see }) => {
      await see(app, 'home-stranger');
      await signsIn(page, `${app}/account`);
      await look('account');
      await page.getByLabel('New name').fill('');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').waitFor();
      await look('wrong');
      await page.getByLabel('New name').fill('Alice Lidell');
      await enter(page, page.getByRole('button', { name: 'Change' }));
      await page.getByRole('status').waitFor();
      await look('changed');
      await see(app, 'home');
      await see(`${app}/nothing`, 'not-found');
    });
  },

  async 'the pages of an api are for everybody'(given) {
    const { app } = given;
    await everywhere(given, 'api', async ({ page, look, see }) => {
      await see(`${app}/docs`, 'docs');
      await signsIn(page, `${app}/`);
      await look('home');
      await see(`${app}/admin`, 'admin');
    });
  },

  async 'the pages of a database are for everybody'(given) {
    const { app } = given;
    await everywhere(given, 'database', async ({ page, look, see }) => {
      await see(app, 'home-stranger');
      await signsIn(page, `${app}/notes`);
      await see(`${app}/welcome`, 'welcome');
      await see(app, 'home');
      await see(`${app}/notes`, 'no-notes');
      await page.getByLabel('New note').fill('Buy tea');
      await page.keyboard.press('Enter');
      await page.getByRole('listitem').waitFor();
      await look('notes');
      await enter(page, page.getByRole('button', { name: 'Delete' }));
      await page.getByText('There are no notes yet.').waitFor();
      await see(`${app}/nothing`, 'not-found');
    });
  },

  async 'the pages of devices are for everybody'(given) {
    const { app } = given;
    await everywhere(given, 'devices', async ({ page, look, see }) => {
      await see(app, 'home-stranger');
      await signsIn(await (await given.visitor()).newPage(), `${app}/devices`);
      await signsIn(page, `${app}/devices`);
      await look('devices');
      await see(app, 'home');
      const others = page.getByRole('button', { name: 'Sign out' });
      await page.goto(`${app}/devices`);
      const count = await others.count();
      await enter(page, others.last());
      await page.waitForFunction((n) => document.querySelectorAll('button').length < n, count);
    });
  },

  async 'the pages of a front end in javascript are for everybody'(given) {
    const { app } = given;
    await everywhere(given, 'spa', async ({ page, look }) => {
      await page.goto(app);
      await page.getByText('You are not signed in.').waitFor();
      await look('stranger');
      await enter(page, page.getByRole('link', { name: 'Sign in' }));
      await page.getByRole('button', { name: 'alice' }).click();
      await page.getByLabel('New item').fill('Rope');
      await page.keyboard.press('Enter');
      await page.getByRole('listitem').last().waitFor();
      await look('items');
      await enter(page, page.getByRole('link', { name: 'Sign out' }));
      await page.getByText('You are not signed in.').waitFor();
    });
  },

  async 'the pages of hand written routes are for everybody'(given) {
    const { app } = given;
    await everywhere(given, 'hand-written', async ({ page, look, see }) => {
      await see(app, 'home-stranger');
      await see(`${app}/callback?state=unknown`, 'expired');
      await see(await answered(page, app, { error: 'access_denied' }), 'cancelled');
      await see(await answered(page, app, { error: 'temporarily_unavailable' }), 'unavailable');
      await see(await answered(page, app, { code: 'code' }, ANOTHER), 'failed');
      await signsIn(page, `${app}/profile`);
      await look('profile');
      await see(app, 'home');
    });
  },

  async 'the pages of instances are for everybody'(given) {
    const { app } = given;
    await everywhere(given, 'instances', async ({ page, see }) => {
      await see(app, 'home-stranger');
      await signsIn(page, `${app}/whoami`);
      await see(app, 'home');
    });
  },

  async 'the pages of organizations are for everybody'(given) {
    const { app } = given;
    await everywhere(given, 'organizations', async ({ page, look, see }) => {
      await see(app, 'home-stranger');
      await signsIn(page, `${app}/orgs`);
      await look('choose');
      const links = page.locator('main a[href^="/orgs/"]');
      const paths = await links.evaluateAll((all) => all.map((link) => link.getAttribute('href')));
      for (const [at, path] of paths.entries()) {
        await page.goto(`${app}${path}`);
        const field = page.getByLabel('Your notice');
        if (await field.isVisible()) {
          await field.fill('The lift is repaired on Monday.');
          await page.keyboard.press('Enter');
          await page.getByText('The lift is repaired').first().waitFor();
        }
        await see(`${app}${path}`, `board-${at}`);
        await see(`${app}${path}/owner`, `owner-${at}`);
      }
      await see(`${app}/orgs/unknown`, 'no-member');
    });
  },

  async 'the pages of templates are for everybody'(given) {
    const { app, failing: [cutOff, confused] } = given;
    await everywhere(given, 'templates', async ({ page, look, see }) => {
      await see(app, 'home-stranger');
      await see(`${app}/members`, 'unauthorized');
      await signsIn(page, `${app}/profile`);
      await look('profile');
      await see(app, 'home');
      await see(`${app}/members`, 'members');
      await see(`${app}/admin`, 'admin');
      await see(`${app}/nothing`, 'not-found');
      await see(`${cutOff}/profile`, 'unavailable');
      await see(`${confused}/profile`, 'wrong');
      await page.goto(app);
      await enter(page, page.getByRole('button', { name: 'Sign out' }));
      await page.getByRole('heading', { name: 'Hello, stranger!' }).waitFor();
      await signsIn(page, `${app}/profile`, 'bob');
      await see(`${app}/admin`, 'no-access');
    });
  },
};
