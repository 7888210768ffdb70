import assert from 'node:assert/strict';
import test from 'node:test';

import { complete, kCommands, parseInput } from '../../chat/web/page/commands.js';

test('Commands_PlainText_IsSaid', () => {
  assert.deepEqual(parseInput('hello /join'), { kind: 'say', text: 'hello /join' });
  assert.deepEqual(parseInput('//join dev'), { kind: 'say', text: '/join dev' });
  assert.deepEqual(parseInput('   '), { kind: 'nothing' });
});

test('Commands_AreTakenInAnyCase', () => {
  assert.deepEqual(parseInput('/JOIN #Dev'), { kind: 'join', room: 'Dev', key: '' });
  assert.deepEqual(parseInput('/j dev secret '), { kind: 'join', room: 'dev', key: 'secret' });
});

test('Commands_TakeTheirArguments', () => {
  const cases = [
    ['/part', { kind: 'part', room: null }],
    ['/part dev', { kind: 'part', room: 'dev' }],
    ['/msg bob  hi: there', { kind: 'msg', name: 'bob', text: 'hi: there' }],
    ['/query bob', { kind: 'msg', name: 'bob', text: '' }],
    ['/me waves', { kind: 'me', text: 'waves' }],
    ['/topic', { kind: 'topic', text: null }],
    ['/topic a: b', { kind: 'topic', text: 'a: b' }],
    ['/names', { kind: 'names', room: null }],
    ['/list', { kind: 'list' }],
    ['/request bob', { kind: 'request', name: 'bob' }],
    ['/accept', { kind: 'accept', name: null }],
    ['/decline bob', { kind: 'decline', name: 'bob' }],
    ['/leave', { kind: 'leave' }],
    ['/invite bob', { kind: 'invite', name: 'bob', room: null }],
    ['/invite bob #dev', { kind: 'invite', name: 'bob', room: 'dev' }],
    ['/kick bob too: loud', { kind: 'kick', name: 'bob', reason: 'too: loud' }],
    ['/mode +o bob', { kind: 'mode', changes: '+o bob' }],
    ['/help', { kind: 'help' }],
    ['/quit', { kind: 'quit' }],
  ];
  for (const [line, expected] of cases) {
    assert.deepEqual(parseInput(line), expected, line);
  }
});

test('Commands_ThatCannotBeMeantSo_SayHowTheyGo', () => {
  for (const line of [
    '/join',
    '/join 1x',
    '/join a b c',
    '/msg',
    '/msg 1 x',
    '/me',
    '/request',
    '/request a b',
    '/invite',
    '/invite bob a b',
    '/kick',
    '/kick 1',
  ]) {
    assert.equal(parseInput(line).kind, 'usage', line);
  }
  assert.deepEqual(parseInput('/dance'), { kind: 'unknown', word: 'dance' });
  assert.deepEqual(parseInput('/'), { kind: 'unknown', word: '' });
  assert.deepEqual(parseInput('/constructor'), { kind: 'unknown', word: 'constructor' });
});

test('Commands_NoneCanBeMadeIntoTwoLines', () => {
  for (const { name } of kCommands) {
    const input = parseInput(`/${name} dev x`);
    assert.ok(!JSON.stringify(input).includes('\\n'), name);
  }
});

const kWords = { names: ['alice', 'Alan', 'bob'], rooms: ['lobby', 'dev', 'Dance'] };

function inserts(before) {
  const { start, candidates } = complete(before, kWords);
  return [start, candidates.map((candidate) => candidate.insert)];
}

test('Completion_OfNames_IgnoresCaseAndKnowsTheBeginOfALine', () => {
  assert.deepEqual(inserts('al'), [0, ['alice: ', 'Alan: ']]);
  assert.deepEqual(inserts('hello AL'), [6, ['alice ', 'Alan ']]);
  assert.deepEqual(inserts('ask @bo'), [4, ['bob ']]);
  assert.deepEqual(inserts('hello '), [6, []]);
  assert.deepEqual(inserts(''), [0, []]);
});

test('Completion_OfRooms_BelongsToTheirCommands', () => {
  assert.deepEqual(inserts('/join d'), [6, ['dev ', 'Dance ']]);
  assert.deepEqual(inserts('/join #de'), [6, ['dev ']]);
  assert.deepEqual(inserts('/msg b'), [5, ['bob ']]);
});

test('Completion_OfCommands_ShowsThemAll', () => {
  assert.equal(complete('/', kWords).candidates.length, kCommands.length);
  assert.deepEqual(inserts('/jo'), [0, ['/join ']]);
});
