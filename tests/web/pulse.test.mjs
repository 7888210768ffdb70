import assert from 'node:assert/strict';
import test from 'node:test';

import {
  ceilingOf,
  countText,
  durationText,
  kPointsMax,
  pathOf,
  Pulse,
  uptimeText,
} from '../../chat/web/page/pulse.js';

function stats(uptime, messages, deliveries) {
  return {
    uptime_seconds: uptime,
    messages,
    deliveries,
    fanout_seconds: { p50: 0.0001, p99: 0.001 },
    connections: { irc: 2 },
  };
}

test('Pulse_Rates_AreDifferencesOverTime', () => {
  const pulse = new Pulse();
  pulse.add(stats(1, 10, 100), 1000);
  pulse.add(stats(3, 30, 500), 3000);
  assert.equal(pulse.points[0].messages, null);
  assert.deepEqual(pulse.points[1], {
    connections: { irc: 2 },
    messages: 10,
    deliveries: 200,
    p50: 0.0001,
    p99: 0.001,
  });
});

test('Pulse_AnotherServer_BeginsAnew', () => {
  const pulse = new Pulse();
  pulse.add(stats(100, 1000, 1000), 1000);
  pulse.add(stats(1, 5, 5), 2000);
  assert.equal(pulse.points[1].messages, null);
  pulse.add(stats(2, 8, 5), 3000);
  assert.equal(pulse.points[2].messages, 3);
});

test('Pulse_NoAnswer_LeavesAHole', () => {
  const pulse = new Pulse();
  pulse.add(stats(1, 0, 0), 0);
  pulse.miss();
  pulse.add(stats(3, 9, 9), 2000);
  assert.deepEqual(
    pulse.points.map((point) => point.messages),
    [null, null, null],
  );
  assert.equal(pathOf([1, null, 2, 3], 3, 59, 10), 'M56.0 6.7M58.0 3.3L59.0 0.0');
});

test('Pulse_Points_AreBounded', () => {
  const pulse = new Pulse();
  for (let i = 0; i < 200; ++i) {
    pulse.add(stats(i, i, i), i * 1000);
  }
  assert.equal(pulse.points.length, kPointsMax);
});

test('Pulse_Texts_ArePeoples', () => {
  assert.deepEqual([null, 0, 2.5, 42, 12_345, 1_234_567].map(countText), [
    '–',
    '0',
    '2.5',
    '42',
    '12.3 k',
    '1235 k',
  ]);
  assert.deepEqual([null, 0.00012, 0.0034, 0.12, 2.5].map(durationText), [
    '–',
    '120 µs',
    '3.4 ms',
    '120 ms',
    '2.5 s',
  ]);
  assert.deepEqual([12, 75, 3700, 200_000].map(uptimeText), [
    '12 s',
    '1 min 15 s',
    '1 h 1 min',
    '2 d 7 h',
  ]);
  assert.deepEqual([[], [0], [3], [7, 21], [0.0009]].map(ceilingOf), [1, 1, 5, 50, 0.001]);
});
