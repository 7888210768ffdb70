// What people do with the page, in a real browser with a real server. Started by browser_tests.mjs.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';

import {
  closeBrowser,
  enter,
  fill,
  isConnected,
  join,
  say,
  shows,
  texts,
  title,
  until,
  withServer,
} from './browser_bench.mjs';

const kTimeout = { timeout: 90_000 };

after(closeBrowser);

test(
  'Page_TwoBrowsers_SeeTheSameInTheSameOrder',
  kTimeout,
  withServer(async ({ person }) => {
    const alice = await person('alice');
    const bob = await person('bob');
    for (let i = 1; i <= 5; ++i) {
      await say(alice, `a${i}`);
      await say(bob, `b${i}`);
    }
    await alice.waitForFunction(() => document.querySelectorAll('#rows .message').length === 10);
    const seen = await texts(alice);
    assert.deepEqual([...seen].sort(), [
      'a1',
      'a2',
      'a3',
      'a4',
      'a5',
      'b1',
      'b2',
      'b3',
      'b4',
      'b5',
    ]);
    await shows(alice, seen);
    await shows(bob, seen);
    await say(alice, '/me waves');
    await bob.waitForSelector('#rows .message.action:has-text("* alice waves")');
  }),
);

test(
  'Page_NameThatIsTaken_IsToldAtTheField',
  kTimeout,
  withServer(async ({ server, person, browserOf }) => {
    await person('alice');
    const page = await (await browserOf()).newPage();
    await page.goto(server.url);
    const fails = async (name, why) => {
      await page.fill('#name-field', name);
      await page.press('#name-field', 'Enter');
      await page.waitForSelector(`#name-error:has-text("${why}")`);
      assert.equal(await page.getAttribute('#name-field', 'aria-invalid'), 'true');
      assert.equal(await page.evaluate(() => document.activeElement.id), 'name-field');
    };
    await fails('ALICE', 'Somebody has this name');
    await fails('not a name', 'not a name');
    await fails('', 'need a name');
    await enter(page, 'bob');
    assert.equal(await page.textContent('#me-name'), 'bob');
  }),
);

test(
  'Page_Reload_GoesOnWithoutHoleOrDouble',
  kTimeout,
  withServer(async ({ person }) => {
    const alice = await person('alice');
    const bob = await person('bob');
    await join(bob, 'dev');
    await join(alice, 'dev');
    await say(alice, '/msg bob psst');
    await say(alice, '/join dev');
    await say(alice, 'before');
    await shows(bob, ['before']);
    const reloaded = bob.reload();
    await say(alice, 'meanwhile');
    await reloaded;
    await isConnected(bob);
    await say(alice, 'after');
    await title(bob, '#dev');
    await shows(bob, ['before', 'meanwhile', 'after']);
    assert.equal(await bob.textContent('#me-name'), 'bob');
    await say(bob, 'here again');
    await shows(alice, ['before', 'meanwhile', 'after', 'here again']);
    await bob.click('#direct-list button:has-text("alice")');
    await shows(bob, ['psst']);
  }),
);

test(
  'Page_ServerKilledAndRestarted_LosesAndDoublesNothing',
  kTimeout,
  withServer(async ({ server, person }) => {
    const alice = await person('alice');
    const bob = await person('bob');
    await join(alice, 'dev');
    await join(bob, 'dev');
    await say(alice, 'one');
    await say(bob, 'two');
    await shows(alice, ['one', 'two']);
    await shows(bob, ['one', 'two']);
    await server.kill();
    for (const page of [alice, bob]) {
      await page.waitForSelector('#banner:not([hidden])');
    }
    await say(alice, 'three');
    await alice.waitForSelector('#rows .message[data-state=waiting]:has-text("three")');
    await server.start();
    await alice.click('#banner button');
    await isConnected(alice);
    await shows(alice, ['one', 'two', 'three']);
    await isConnected(bob);
    await shows(bob, ['one', 'two', 'three']);
    await say(bob, 'four');
    await shows(alice, ['one', 'two', 'three', 'four']);
    await alice.reload();
    await shows(alice, ['one', 'two', 'three', 'four']);
  }),
);

test(
  'Page_MessageWrittenWithoutAServer_SurvivesAReload',
  kTimeout,
  withServer(async ({ person }) => {
    const alice = await person('alice');
    const bob = await person('bob');
    await say(alice, 'one');
    await shows(bob, ['one']);
    // The page comes from the server, too: only what it speaks with is cut off.
    let isCutOff = true;
    await alice.routeWebSocket(/\/ws$/, (socket) =>
      isCutOff ? socket.close() : socket.connectToServer(),
    );
    await alice.reload();
    await alice.waitForSelector('#banner:not([hidden])');
    await say(alice, 'two');
    await alice.waitForSelector('#rows .message[data-state=waiting]:has-text("two")');
    isCutOff = false;
    await alice.reload();
    await isConnected(alice);
    await shows(alice, ['one', 'two']);
    await shows(bob, ['one', 'two']);
  }),
);

test(
  'Page_ServerThatIsNotThere_IsToldAtTheField',
  kTimeout,
  withServer(async ({ server, browserOf }) => {
    const page = await (await browserOf()).newPage();
    await page.goto(server.url);
    await server.kill();
    await page.fill('#name-field', 'alice');
    await page.press('#name-field', 'Enter');
    await page.waitForSelector('#name-error:has-text("can’t be reached")');
    await server.start();
    await page.press('#name-field', 'Enter');
    await isConnected(page);
  }),
);

test(
  'Page_ClosedTab_IsGoneOnWithInTheNextOne',
  kTimeout,
  withServer(async ({ server, person }) => {
    const alice = await person('alice');
    const context = alice.context();
    await say(alice, 'one');
    await shows(alice, ['one']);
    await alice.close({ runBeforeUnload: true });
    const again = await context.newPage();
    await again.goto(server.url);
    await isConnected(again);
    assert.equal(await again.textContent('#me-name'), 'alice');
    await shows(again, ['one']);
  }),
);

test(
  'Page_SecondTab_IsAnotherPerson',
  kTimeout,
  withServer(async ({ server, person }) => {
    const alice = await person('alice');
    const second = await alice.context().newPage();
    await second.goto(server.url);
    await enter(second, 'alice2');
    // A tab that is duplicated begins with a copy of the other's session.
    const [copy] = await Promise.all([
      alice.context().waitForEvent('page'),
      alice.evaluate(() => {
        window.open(location.href);
      }),
    ]);
    await enter(copy, 'alice3');
    await say(copy, 'three of us');
    for (const page of [alice, second, copy]) {
      await shows(page, ['three of us']);
      assert.ok(await page.isHidden('#banner'));
    }
  }),
);

test(
  'Page_PrivateChat_IsAskedForAndTakenUp',
  kTimeout,
  withServer(async ({ person }) => {
    const alice = await person('alice');
    const bob = await person('bob');
    const carol = await person('carol');
    await alice.click('#people-list button:has-text("bob")');
    await title(alice, 'bob');
    await alice.click('#top-actions button:has-text("Ask")');
    await bob.waitForSelector('#requests:not([hidden]) li:has-text("alice asks")');
    await bob.click('#request-list button:has-text("Accept")');
    await title(bob, 'alice');
    await bob.waitForSelector('#top-actions button:has-text("End private chat")');
    await alice.waitForSelector('#top-actions button:has-text("End private chat")');
    await say(alice, 'only for you');
    await shows(bob, ['only for you']);
    await say(bob, 'indeed');
    await shows(alice, ['only for you', 'indeed']);
    assert.deepEqual(await texts(carol), []);
    await bob.click('#top-actions button:has-text("End private chat")');
    await alice.waitForSelector('#top-actions button:has-text("Ask")');
    // And turned down.
    await say(carol, '/request bob');
    await bob.waitForSelector('#request-list li:has-text("carol asks")');
    await bob.click('#request-list button:has-text("Decline")');
    await carol.waitForSelector('#rows .note:has-text("declined")');
    assert.ok(await bob.isHidden('#requests'));
  }),
);

test(
  'Page_Unread_IsCountedAndMentionsStandOut',
  kTimeout,
  withServer(async ({ person }) => {
    const alice = await person('alice');
    const bob = await person('bob');
    await join(alice, 'dev');
    await say(bob, 'one');
    await say(bob, 'two');
    const badge = '#room-list button:has-text("lobby") .badge';
    await alice.waitForSelector(`${badge}:not(.urgent):has-text("2")`);
    await say(bob, 'Alice, look');
    await alice.waitForSelector(`${badge}.urgent:has-text("3")`);
    await until(alice, '(1) #dev – reactor-chat', '() => document.title');
    await alice.click('#room-list button:has-text("lobby")');
    await shows(alice, ['one', 'two', 'Alice, look']);
    await alice.waitForSelector(badge, { state: 'hidden' });
    await alice.waitForSelector('#rows .message.mention:has-text("Alice, look")');
    await alice.waitForSelector('#rows .new + .message:has-text("one")');
    await until(alice, '#lobby – reactor-chat', '() => document.title');
    // The line goes when one comes back.
    await alice.click('#room-list button:has-text("dev")');
    await alice.click('#room-list button:has-text("lobby")');
    await alice.waitForFunction(() => document.querySelector('#rows .new') === null);
  }),
);

test(
  'Page_ScrollingUp_FetchesWithoutJumpingAndForgetsWhatIsFar',
  kTimeout,
  withServer(async ({ server, person, browserOf }) => {
    const filler = await (await browserOf()).newPage();
    await filler.goto(server.url);
    await fill(filler, 'filler', 700);
    const alice = await person('alice');
    await alice.waitForSelector('#rows .message:last-child:has-text("filler 700")');
    const top = () =>
      alice.evaluate(() => document.querySelector('#rows .message .text').textContent);
    assert.equal(await top(), 'filler 641');
    // What is at the top of the screen stays where it is while older ones come in front of it.
    const jump = await alice.evaluate(async () => {
      const scroller = document.getElementById('messages');
      scroller.scrollTop = 300;
      const edge = scroller.getBoundingClientRect().top;
      const row = [...document.querySelectorAll('#rows .message')].find(
        (one) => one.getBoundingClientRect().top > edge,
      );
      const before = row.getBoundingClientRect().top;
      const first = document.querySelector('#rows .message');
      while (document.querySelector('#rows .message') === first) {
        await new Promise(requestAnimationFrame);
      }
      return row.getBoundingClientRect().top - before;
    });
    assert.ok(Math.abs(jump) <= 1, `jumped by ${jump} pixels`);
    await alice.waitForSelector('#latest:not([hidden])');
    const scrollToTop = () =>
      alice.evaluate(() => {
        document.getElementById('messages').scrollTop = 0;
      });
    while ((await alice.locator('#rows .start').count()) === 0) {
      const before = await top();
      await scrollToTop();
      await alice.waitForFunction(
        (text) =>
          document.querySelector('#rows .start') !== null ||
          document.querySelector('#rows .message .text').textContent !== text,
        before,
      );
      const rows = await alice.locator('#rows .message').count();
      assert.ok(rows <= 400, `${rows} rows are kept`);
    }
    assert.equal(await top(), 'filler 1');
    await fill(filler, 'other', 1);
    await alice.waitForSelector('#latest:has-text("1 new message")');
    await alice.click('#latest');
    await alice.waitForSelector('#rows .message:last-child:has-text("other 1")');
    await alice.waitForFunction(() => {
      const scroller = document.getElementById('messages');
      return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 5;
    });
  }),
);

test(
  'Page_WhatIsTypedRightAfterASwitch_BelongsToTheNewConversation',
  kTimeout,
  withServer(async ({ person }) => {
    const alice = await person('alice');
    const bob = await person('bob', { room: 'dev' });
    await join(alice, 'dev');
    await say(alice, '/join lobby');
    await title(alice, '#lobby');
    // All of it before the next frame.
    const left = await alice.evaluate(() => {
      const field = document.getElementById('text');
      const type = (text) => {
        field.value = text;
        field.dispatchEvent(new Event('input'));
      };
      const press = (key) =>
        field.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
      type('/join dev');
      press('Enter');
      type('said in #dev');
      press('Enter');
      type('a draft in #dev');
      document.querySelector('#room-list button').click();
      return field.value;
    });
    assert.equal(left, '');
    await title(alice, '#lobby');
    await shows(bob, ['said in #dev']);
    await say(alice, '/join dev');
    await title(alice, '#dev');
    await shows(alice, ['said in #dev']);
    assert.equal(await alice.inputValue('#text'), 'a draft in #dev');
  }),
);

test(
  'Page_LongMessage_IsToldBeforeItIsSent',
  kTimeout,
  withServer(async ({ person }) => {
    const alice = await person('alice');
    const space = 4096 - 'SAY:lobby:'.length;
    await alice.fill('#text', 'é'.repeat((space - 100) / 2));
    await alice.waitForSelector('#space:has-text("100 bytes left")');
    await alice.fill('#text', 'é'.repeat(space / 2 + 1));
    await alice.waitForSelector('#space.error:has-text("2 bytes too long")');
    assert.ok(await alice.isDisabled('#send'));
    await alice.press('#text', 'Enter');
    await alice.waitForSelector('#rows .note.error');
    assert.deepEqual(await texts(alice), []);
    await alice.fill('#text', 'é'.repeat(space / 2));
    await alice.press('#text', 'Enter');
    await shows(alice, ['é'.repeat(space / 2)]);
  }),
);

test(
  'Page_RefusedMessage_CanBeSentAgainOrRemoved',
  kTimeout,
  withServer(async ({ person }) => {
    const alice = await person('alice');
    await say(alice, '/msg bob are you there?');
    await alice.waitForSelector('#rows .message[data-state=refused]');
    const bob = await person('bob');
    await alice.click('#rows .message[data-state=refused] button:has-text("Send again")');
    await shows(alice, ['are you there?']);
    await bob.click('#direct-list button:has-text("alice")');
    await shows(bob, ['are you there?']);
    await say(alice, '/msg nobody hello');
    await alice.click('#rows .message[data-state=refused] button:has-text("Remove")');
    await shows(alice, []);
  }),
);

test(
  'Page_Commands_DoWhatTheySay',
  kTimeout,
  withServer(async ({ person }) => {
    const alice = await person('alice');
    const bob = await person('bob', { room: 'dev' });
    await title(bob, '#dev');
    await say(bob, '/topic what we do');
    await until(bob, 'what we do', "() => document.getElementById('subtitle').textContent");
    await say(alice, '/list');
    await alice.click('#finder-list li:has-text("dev")');
    await title(alice, '#dev');
    await until(alice, 'what we do', "() => document.getElementById('subtitle').textContent");
    await until(
      alice,
      ['alice', 'bob'],
      "() => [...document.querySelectorAll('#people-list .name')].map((one) => one.textContent)",
    );
    // Or who comes and goes at once is not spoken of at all.
    await bob.waitForSelector('#rows .note:has-text("alice joined")');
    await say(alice, '/names lobby');
    await alice.waitForSelector('#rows .note:has-text("alice, bob")');
    await say(alice, '/nonsense');
    await alice.waitForSelector('#rows .note.error:has-text("no command /nonsense")');
    await say(alice, '//slash');
    await shows(bob, ['bob has set the topic: what we do', '/slash']);
    await say(alice, '/part');
    await title(alice, '#lobby');
    await bob.waitForSelector('#rows .note:has-text("alice left")');
    await say(alice, '/help');
    await alice.waitForSelector('#help[open] th:has-text("/join room [key]")');
    await alice.keyboard.press('Escape');
    await say(alice, '/quit');
    await alice.waitForSelector('#welcome:not([hidden])');
    assert.equal(await alice.inputValue('#name-field'), 'alice');
    await enter(alice, 'alice');
  }),
);
