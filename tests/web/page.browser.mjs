// How the page is to look at, to listen to and to use, in a real browser with a real server. Started
// by browser_tests.mjs.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';

import {
  closeBrowser,
  enter,
  isConnected,
  join,
  kPhone,
  say,
  shows,
  title,
  until,
  withServer,
} from './browser_bench.mjs';

const kTimeout = { timeout: 90_000 };

after(closeBrowser);

test(
  'Page_HostileText_StaysText',
  kTimeout,
  withServer(async ({ person }) => {
    const alice = await person('alice');
    const bob = await person('bob', kPhone);
    const hostile = [
      '<img src=x onerror=alert(1)><script>alert(2)</script><b>bold</b>',
      '&lt;i&gt; &amp; "quotes" \'too\'',
      'javascript:alert(1) data:text/html,<script>alert(1)</script>',
      'https://bank.example@evil.example/ is no link',
      'W'.repeat(3000),
      '{{constructor.constructor("alert(1)")()}} ${alert(1)}',
    ];
    for (const text of hostile) {
      await say(alice, text);
    }
    await shows(bob, hostile);
    await say(alice, 'turn \u202earound\u202c \x1b[31mred\x07 https://ok.example/x?q=<y>');
    await shows(bob, [...hostile, 'turn �around� ␛[31mred␇ https://ok.example/x?q=<y>']);
    const found = await bob.evaluate(() => ({
      elements: document.querySelectorAll('#rows :is(img, script, b, i, iframe, style)').length,
      links: [...document.querySelectorAll('#rows a')].map((a) => [a.href, a.target, a.rel]),
      width: document.documentElement.scrollWidth,
      list: document.getElementById('messages').scrollWidth,
    }));
    assert.deepEqual(found, {
      elements: 0,
      width: 390,
      list: 390,
      links: [['https://ok.example/x?q=', '_blank', 'noopener noreferrer']],
    });
    await join(alice, 'dev');
    await say(alice, '/topic <script>alert(3)</script> https://topic.example');
    await alice.waitForSelector('#subtitle a');
    assert.equal(
      await alice.textContent('#subtitle'),
      '<script>alert(3)</script> https://topic.example',
    );
  }),
);

test(
  'Page_KeyboardOnly_DoesEverything',
  kTimeout,
  withServer(async ({ server, person, browserOf }) => {
    const bob = await person('bob');
    const page = await (await browserOf()).newPage();
    const { keyboard } = page;
    const focused = () => page.evaluate(() => document.activeElement.id);
    await page.goto(server.url);
    await page.waitForFunction(() => document.activeElement.id === 'name-field');
    await keyboard.type('alice');
    await keyboard.press('Enter');
    await isConnected(page);
    assert.equal(await focused(), 'text');
    // There is nothing to complete before it is known who is there.
    await page.waitForSelector('#people-list .name:text-is("bob")', { state: 'attached' });
    await keyboard.type('hello bo');
    await keyboard.press('Tab');
    await keyboard.type('from the keyboard');
    await keyboard.press('Enter');
    await shows(bob, ['hello bob from the keyboard']);
    // A room of that name is not there: the finder makes it.
    await keyboard.press('Control+k');
    await page.waitForFunction(() => document.activeElement.id === 'finder-field');
    await keyboard.type('keys');
    await page.waitForSelector('#finder-list [aria-selected=true]:has-text("Make #keys")');
    await keyboard.press('Enter');
    await title(page, '#keys');
    await page.waitForFunction(() => document.activeElement.id === 'text');
    await keyboard.press('Alt+ArrowUp');
    await title(page, '#lobby');
    await keyboard.press('Alt+ArrowDown');
    await title(page, '#keys');
    // A person.
    await keyboard.press('Control+k');
    await keyboard.type('@bo');
    await page.waitForSelector('#finder-list [aria-selected=true]:has-text("bob")');
    await keyboard.press('Enter');
    await title(page, 'bob');
    await keyboard.press('Alt+p');
    await page.waitForSelector('#pulse[open]');
    await keyboard.press('Escape');
    await page.waitForSelector('#pulse', { state: 'hidden' });
    assert.equal(await focused(), 'text');
    // What was sent comes back with an arrow.
    await keyboard.press('ArrowUp');
    assert.equal(await page.inputValue('#text'), 'hello bob from the keyboard');
    await page.fill('#text', '');
  }),
);

test(
  'Page_KeyboardOnly_ReachesEverythingAndSeesWhereItIs',
  kTimeout,
  withServer(async ({ person }) => {
    const page = await person('alice');
    const { keyboard } = page;
    // Everything that can be clicked comes by with Tab, and shows that it is there.
    const reached = new Set();
    for (let i = 0; i < 60; ++i) {
      await keyboard.press('Tab');
      const now = await page.evaluate(() => {
        const element = document.activeElement;
        const style = getComputedStyle(element);
        const field = element.closest('.field');
        return {
          id: element.id || element.getAttribute('aria-label') || element.textContent,
          isShown:
            style.outlineStyle !== 'none' ||
            element === document.body ||
            (field !== null && getComputedStyle(field).boxShadow !== 'none'),
        };
      });
      assert.ok(now.isShown, `${now.id} shows its focus`);
      reached.add(now.id);
    }
    for (const id of [
      'find',
      'add-room',
      'quit',
      'pulse-button',
      'notify',
      'theme',
      'help-button',
      'people-button',
      'messages',
      'text',
      'send',
      'people-close',
    ]) {
      assert.ok(reached.has(id), `${id} is reached: ${[...reached]}`);
    }
  }),
);

test(
  'Page_ScreenReader_HearsWhatIsNew',
  kTimeout,
  withServer(async ({ person }) => {
    const alice = await person('alice');
    const bob = await person('bob');
    await say(bob, 'hello\x07 there');
    await alice.waitForSelector('#announcer p:text-is("bob: hello␇ there")', { state: 'attached' });
    await join(alice, 'dev');
    await say(bob, 'nobody is told of this');
    await say(bob, 'alice: but of this');
    await alice.waitForSelector('#announcer p:text-is("In #lobby, bob: alice: but of this")', {
      state: 'attached',
    });
    assert.equal(await alice.locator('#announcer p:has-text("nobody is told")').count(), 0);
    for (const page of [alice, bob]) {
      const session = await page.context().newCDPSession(page);
      const { nodes } = await session.send('Accessibility.getFullAXTree');
      const roles = [
        'button',
        'link',
        'textbox',
        'combobox',
        'navigation',
        'main',
        'complementary',
        'region',
        'list',
      ];
      const nameless = nodes.filter(
        (node) =>
          !node.ignored && roles.slice(0, 8).includes(node.role?.value) && !node.name?.value,
      );
      assert.deepEqual(
        nameless.map((node) => node.role.value),
        [],
      );
      const found = new Set(nodes.filter((node) => !node.ignored).map((node) => node.role?.value));
      for (const role of ['navigation', 'main', 'complementary', 'heading', 'log']) {
        assert.ok(found.has(role), `there is a ${role}: ${[...found]}`);
      }
    }
  }),
);

test(
  'Page_Pulse_DrawsWhatTheServerCounts',
  kTimeout,
  withServer(async ({ person }) => {
    const alice = await person('alice');
    const bob = await person('bob');
    const asked = [];
    alice.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await alice.click('#pulse-button');
    await alice.waitForSelector('#pulse .facts dd');
    await say(bob, 'a message to be counted');
    await alice.waitForFunction(() => {
      const [messages, deliveries] = document.querySelectorAll('#pulse .alone b');
      return Number(messages.textContent) > 0 && Number(deliveries.textContent) > 0;
    });
    await alice.waitForSelector('#pulse .legend li:has-text("WebSocket 2")');
    await alice.waitForSelector('#pulse .facts div:has-text("People") dd:has-text("2")');
    assert.ok(
      await alice.$$eval('#pulse .line', (all) =>
        all.every((line) => line.getAttribute('d').includes('M')),
      ),
    );
    await alice.click('#pulse [data-close]');
    const count = asked.length;
    await say(bob, 'another one');
    await shows(alice, ['a message to be counted', 'another one']);
    assert.ok(asked.length - count <= 1, 'nobody is asked while nobody looks');
  }),
);

test(
  'Page_Notifications_AreAskedForByAButtonAndComeWhenNobodyLooks',
  kTimeout,
  withServer(async ({ person }) => {
    const script = () => {
      window.shown = [];
      window.asked = 0;
      window.isLookedAt = true;
      Document.prototype.hasFocus = () => window.isLookedAt;
      window.Notification = class {
        static permission = 'default';

        static async requestPermission() {
          ++window.asked;
          this.permission = 'granted';
          return 'granted';
        }

        constructor(head, { body }) {
          window.shown.push(`${head}: ${body}`);
        }
      };
    };
    const alice = await person('alice', { script });
    const bob = await person('bob');
    assert.equal(await alice.evaluate('window.asked'), 0);
    await alice.click('#notify');
    await alice.waitForSelector('#notify[aria-pressed=true]');
    await say(bob, 'alice: while you look');
    await shows(alice, ['alice: while you look']);
    // Shown is not yet read.
    await until(alice, '#lobby – reactor-chat', '() => document.title');
    await alice.evaluate(() => {
      window.isLookedAt = false;
      dispatchEvent(new Event('blur'));
    });
    await say(bob, 'not for you');
    await say(bob, 'alice: for you');
    await until(alice, '(1) #lobby – reactor-chat', '() => document.title');
    await until(alice, ['bob in #lobby: alice: for you'], '() => window.shown');
    await alice.evaluate(() => {
      window.isLookedAt = true;
      dispatchEvent(new Event('focus'));
    });
    await until(alice, '#lobby – reactor-chat', '() => document.title');
  }),
);

test(
  'Page_Theme_FollowsTheSystemOrTheChoice',
  kTimeout,
  withServer(async ({ person }) => {
    const alice = await person('alice', { colorScheme: 'dark' });
    const theme = () => alice.evaluate(() => document.documentElement.dataset.theme);
    assert.equal(await theme(), 'dark');
    await alice.click('#theme');
    assert.equal(await theme(), 'light');
    await alice.reload();
    await isConnected(alice);
    assert.equal(await theme(), 'light');
  }),
);

// Nothing is wider than the screen, nothing too small for a finger, and no field so small that a
// phone would zoom in on it.
async function fitsPhone(page, what) {
  const found = await page.evaluate(() => {
    const shown = (selector) =>
      [...document.querySelectorAll(selector)].filter(
        (element) =>
          element.checkVisibility({ visibilityProperty: true }) &&
          element.getBoundingClientRect().width > 1 &&
          !element.closest('[inert]'),
      );
    const named = (elements) => elements.map((element) => element.id || element.textContent);
    const boxOf = (element) => element.getBoundingClientRect();
    const isOutside = (box) => box.left < -0.5 || box.right > innerWidth + 0.5;
    const isSmall = (box) => Math.min(box.width, box.height) < 36;
    return {
      width: document.documentElement.scrollWidth,
      outside: named(shown('button, input, textarea, h1, h2').filter((e) => isOutside(boxOf(e)))),
      small: named(shown('button').filter((e) => isSmall(boxOf(e)))),
      zoomed: named(
        shown('input, textarea').filter((e) => parseFloat(getComputedStyle(e).fontSize) < 16),
      ),
    };
  });
  assert.deepEqual(found, { width: 390, outside: [], small: [], zoomed: [] }, what);
}

test(
  'Page_NarrowScreen_HasEverythingAndNothingSticksOut',
  kTimeout,
  withServer(async ({ server, person, browserOf }) => {
    const bob = await person('bob');
    await say(bob, `a link https://example.org/${'path/'.repeat(60)}`);
    const page = await (await browserOf(kPhone)).newPage();
    const fits = (what) => fitsPhone(page, what);
    await page.goto(server.url);
    await fits('the way in');
    await enter(page, 'alice_with_a_name_of_32_letters_');
    await page.waitForSelector('#rows .message');
    await fits('the lobby');
    await page.tap('#sidebar-open');
    await page.waitForSelector('#sidebar.open');
    await page.waitForFunction(
      () => document.getElementById('sidebar').getBoundingClientRect().left === 0,
    );
    await fits('the drawer');
    assert.ok(await page.evaluate(() => document.getElementById('main').inert));
    await page.tap('#find');
    await page.fill(
      '#finder-field',
      'a_room_with_a_long_name_that_goes_on_and_on_and_on_and_on_and_on',
    );
    await fits('the finder');
    await page.tap('#finder-list li');
    await title(page, '#a_room_with_a_long_name_that_goes_on_and_on_and_on_and_on_and_on');
    await fits('a room');
    assert.ok(!(await page.evaluate(() => document.getElementById('main').inert)));
    await say(page, 'from the phone');
    await shows(page, ['from the phone']);
    await page.tap('#sidebar-open');
    await page.tap('#room-list button:has-text("lobby")');
    await title(page, '#lobby');
    await page.tap('#people-button');
    await page.waitForSelector('#people.open');
    await fits('the people');
    await page.tap('#people-list button:has-text("bob")');
    await title(page, 'bob');
    await fits('a person');
    await page.tap('#sidebar-open');
    await page.tap('#pulse-button');
    await page.waitForSelector('#pulse .facts dd');
    await fits('the pulse');
    await page.tap('#pulse [data-close]');
    await page.tap('#help-button');
    await fits('the help');
    await page.tap('#help [data-close]');
    await page.keyboard.press('Escape');
    await page.waitForFunction(
      () => !document.getElementById('sidebar').classList.contains('open'),
    );
  }),
);
