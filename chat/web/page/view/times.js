// Times as people write them here.

const kTime = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const kDay = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const kDayOfYear = new Intl.DateTimeFormat(undefined, {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
});
const kFull = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const kFullDay = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });

// The time of day, and behind it what some languages put there: [time, ' AM'].
export function timeParts(ts) {
  const parts = kTime.formatToParts(ts);
  const end = parts.findLastIndex((part) => part.type === 'minute') + 1;
  const text = (some) => some.map((part) => part.value).join('');
  return [text(parts.slice(0, end)), text(parts.slice(end))];
}

export function fullTime(ts, hasTime = true) {
  return (hasTime ? kFull : kFullDay).format(ts);
}

export function dayName(ts) {
  const date = new Date(ts);
  const today = new Date();
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (date.toDateString() === today.toDateString()) {
    return 'Today';
  }
  if (date.toDateString() === yesterday.toDateString()) {
    return 'Yesterday';
  }
  return (date.getFullYear() === today.getFullYear() ? kDay : kDayOfYear).format(ts);
}
