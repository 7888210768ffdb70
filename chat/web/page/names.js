// Names of people and rooms: ASCII, the same in small and in capital letters, as chat/PROTOCOL.md
// has it.

export const kLobby = 'lobby';
export const kNameLengthMax = 32;
export const kRoomLengthMax = 64;

const kNameShape = /^[A-Za-z_][A-Za-z0-9_-]*$/;

// Locales must have no say in who is who, so only the letters of ASCII are folded.
export function fold(name) {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

export function sameName(a, b) {
  return fold(a) === fold(b);
}

export function isName(text, lengthMax = kNameLengthMax) {
  return text.length <= lengthMax && kNameShape.test(text);
}

export function byName(a, b) {
  const [left, right] = [fold(a), fold(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
