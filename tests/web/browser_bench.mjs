// What the tests of the page in a real browser share: a chat-server of their own, people with
// browsers, and what they do.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

import { Server } from './server.mjs';

const { chromium } = createRequire(`${process.env.CHAT_WEB_MODULES}/`)('playwright-core');

const kPatienceMs = 15_000;
const kFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const kPhone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

let browser = null;

export async function closeBrowser() {
  await browser?.close();
}

// What a browser complains about is a fault of the page, but for what a test does to it.
function watch(page, complaints) {
  page.on('pageerror', (error) => complaints.push(error.stack));
  page.on('console', (message) => {
    const isOfNetwork = /WebSocket connection to|Failed to load resource/.test(message.text());
    if (['error', 'warning'].includes(message.type()) && !isOfNetwork) {
      complaints.push(message.text());
    }
  });
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
}

// The browsers of those who use one server.
export class Browsers {
  #contexts = [];
  #server;
  // What the browsers have complained about.
  complaints = [];

  constructor(server) {
    this.#server = server;
  }

  // One of somebody's own; options are those of a context.
  async browserOf(options = {}) {
    browser ??= await chromium.launch({ executablePath: process.env.CHAT_CHROMIUM, args: kFlags });
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    context.setDefaultTimeout(kPatienceMs);
    context.on('page', (page) => watch(page, this.complaints));
    this.#contexts.push(context);
    return context;
  }

  // The page of somebody who has come in. More options: url, if it is not the server's first; room;
  // script, to run in the page before its own.
  async person(name, { url = this.#server.url, room, script, ...options } = {}) {
    const context = await this.browserOf(options);
    if (script !== undefined) {
      await context.addInitScript(script);
    }
    const page = await context.newPage();
    await page.goto(url + (room === undefined ? '' : `#${room}`));
    await enter(page, name);
    return page;
  }

  async end() {
    await Promise.all(this.#contexts.map((context) => context.close()));
  }
}

// One test with a server and people; test({server, person, browserOf}).
export function withServer(test) {
  return async () => {
    const server = new Server();
    const browsers = new Browsers(server);
    try {
      await server.start();
      await test({
        server,
        person: (...options) => browsers.person(...options),
        browserOf: (options) => browsers.browserOf(options),
      });
      assert.deepEqual(browsers.complaints, [], 'the browser has nothing to complain about');
    } finally {
      await browsers.end();
      await server.end();
    }
  };
}

export async function enter(page, name) {
  await page.fill('#name-field', name);
  await page.press('#name-field', 'Enter');
  await isConnected(page);
}

export function isConnected(page) {
  return page.waitForSelector('#me-state[data-state=on]', { state: 'attached' });
}

export async function say(page, text) {
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
}

export function title(page, text) {
  return page.waitForFunction(
    (wanted) => document.getElementById('title').textContent === wanted,
    text,
  );
}

export async function join(page, room) {
  await say(page, `/join ${room}`);
  await title(page, `#${room}`);
}

// The texts on the screen, in their order.
export function texts(page) {
  return page.$$eval('#rows .message .text', (all) => all.map((one) => one.textContent));
}

// Until the messages on the screen are these, in this order, and the server has all of them.
export async function shows(page, expected) {
  const isSo = (wanted) => {
    const rows = [...document.querySelectorAll('#rows .message')];
    return (
      rows.every((row) => [undefined, 'kept'].includes(row.dataset.state)) &&
      JSON.stringify(rows.map((row) => row.querySelector('.text').textContent)) === wanted
    );
  };
  try {
    await page.waitForFunction(isSo, JSON.stringify(expected));
  } catch (error) {
    assert.deepEqual(await texts(page), expected);
    throw error;
  }
}

// Until the expression in the page is as expected.
export async function until(page, expected, expression, argument) {
  const isSo = `async ([wanted, argument]) => JSON.stringify(await (${expression})(argument)) === wanted`;
  try {
    await page.waitForFunction(
      `(${isSo})(${JSON.stringify([JSON.stringify(expected), argument ?? null])})`,
    );
  } catch (error) {
    assert.deepEqual(
      await page.evaluate(`(${expression})(${JSON.stringify(argument ?? null)})`),
      expected,
    );
    throw error;
  }
}

// Somebody without a page says so many things in the lobby, or in a room, and stays until all are
// kept.
export function fill(page, name, count, room = 'lobby') {
  return page.evaluate(
    ([who, howMany, where]) =>
      new Promise((resolve, reject) => {
        const url = new URL('ws', location.href);
        url.protocol = 'ws:';
        const socket = new WebSocket(url.href.split('#')[0], 'chat.v1');
        let kept = 0;
        socket.onopen = () =>
          ['HELLO:1:ack', `REGISTER:${who}`, `JOIN:${where}`].forEach((line) => socket.send(line));
        socket.onmessage = ({ data }) => {
          if (data === `JOINED:${where}`) {
            for (let i = 1; i <= howMany; ++i) {
              socket.send(`@id=f${i} SAY:${where}:${who} ${i}`);
            }
          } else if (data.startsWith('ACK:') && ++kept === howMany) {
            socket.send('QUIT');
          } else if (data.startsWith('ERROR:')) {
            reject(new Error(data));
          }
        };
        socket.onclose = () => (kept === howMany ? resolve() : reject(new Error(`${kept} kept`)));
      }),
    [name, count, room],
  );
}
