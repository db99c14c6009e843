// Runs scenarios in one browser. It prints the port of a proxy that ends TLS, then
// answers each line `{"scenario": "a stranger signs in", "app": "http://localhost:8000"}`
// with `{"problem": null, "titles": []}`: what went wrong, and the titles of the pages that it
// looked at. It ends when stdin does.

import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { createServer } from 'node:tls';
import { chromium } from 'playwright-core';
import { certificate } from './certificate.js';
import { scenarios } from './scenarios.js';

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: [
    '--no-sandbox', // with it Chromium does not run as root
    '--disable-gpu',
    '--disable-quic',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});

let port; // of the application that the proxy stands before
const proxy = createServer(certificate(), (visitor) => {
  const application = connect(port, '127.0.0.1');
  visitor.pipe(application).pipe(visitor);
  const end = () => [visitor, application].forEach((socket) => socket.destroy());
  for (const socket of [visitor, application]) socket.on('error', end);
});
proxy.listen(0, '127.0.0.1');
await once(proxy, 'listening');

async function run({ scenario, app, failing }) {
  port = Number(new URL(app).port);
  const contexts = [];
  const titles = new Set();
  let problem = null;
  try {
    await scenarios[scenario]({
      app,
      failing, // the same with providers that fail
      titles,
      https: `https://localhost:${proxy.address().port}`,
      screenshots: process.env.SCREENSHOTS,
      // Somebody with a browser of their own.
      async visitor(options) {
        const context = await browser.newContext(options);
        contexts.push(context);
        context.setDefaultTimeout(15_000);
        return context;
      },
    });
  } catch (error) {
    problem = error.stack;
  }
  await Promise.all(contexts.map((context) => context.close()));
  return { problem, titles: [...titles] };
}

console.log(JSON.stringify({ port: proxy.address().port, scenarios: Object.keys(scenarios) }));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await run(JSON.parse(line))));
}
await browser.close();
process.exit();
