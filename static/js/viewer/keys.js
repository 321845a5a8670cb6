// @ts-check
/**
 * Which key does what: the default table of annotators' habits, rebinding, and conflicts by scope.
 *
 * A combination is written "Ctrl+Shift+Z" with modifiers in the order Ctrl, Alt, Shift; a chord of two keys "T L".
 * Scope "object" holds while a box is selected and the picture has the focus, "calliper" while the calliper is out and
 * the picture has the focus; both come before scope "viewer", the calliper first.
 *
 * @typedef {"viewer"|"object"|"calliper"|"everywhere"} Scope
 * @typedef {Record<string, string[]>} Bindings action to combinations
 */

/** @type {Readonly<Record<string, {scope: Scope, keys: string[], group: string}>>} */
export const ACTIONS = Object.freeze({
  previousFrame: { scope: "viewer", keys: ["D"], group: "frames" },
  nextFrame: { scope: "viewer", keys: ["F"], group: "frames" },
  stepBack: { scope: "viewer", keys: ["C"], group: "frames" },
  stepForward: { scope: "viewer", keys: ["V"], group: "frames" },
  previousMatch: { scope: "viewer", keys: ["ArrowLeft"], group: "frames" },
  nextMatch: { scope: "viewer", keys: ["ArrowRight"], group: "frames" },
  play: { scope: "viewer", keys: ["Space"], group: "frames" },
  goTo: { scope: "viewer", keys: ["`"], group: "frames" },
  trackFirst: { scope: "viewer", keys: ["Home"], group: "frames" },
  trackLast: { scope: "viewer", keys: ["End"], group: "frames" },
  previousChapter: { scope: "viewer", keys: ["X"], group: "frames" },
  nextChapter: { scope: "viewer", keys: ["B"], group: "frames" },
  excludeFrame: { scope: "viewer", keys: ["Alt+Delete"], group: "frames" },
  nextNeed: { scope: "viewer", keys: ["W"], group: "frames" },
  zoomIn: { scope: "viewer", keys: ["+", "="], group: "picture" },
  zoomOut: { scope: "viewer", keys: ["-"], group: "picture" },
  fit: { scope: "viewer", keys: ["0"], group: "picture" },
  brighter: { scope: "viewer", keys: ["]"], group: "picture" },
  darker: { scope: "viewer", keys: ["["], group: "picture" },
  moreContrast: { scope: "viewer", keys: ["}"], group: "picture" },
  lessContrast: { scope: "viewer", keys: ["{"], group: "picture" },
  resetWindow: { scope: "viewer", keys: ["\\"], group: "picture" },
  measure: { scope: "viewer", keys: ["S"], group: "calliper" },
  calliperOther: { scope: "calliper", keys: ["Enter"], group: "calliper" },
  calliperLeft: { scope: "calliper", keys: ["ArrowLeft"], group: "calliper" },
  calliperRight: { scope: "calliper", keys: ["ArrowRight"], group: "calliper" },
  calliperUp: { scope: "calliper", keys: ["ArrowUp"], group: "calliper" },
  calliperDown: { scope: "calliper", keys: ["ArrowDown"], group: "calliper" },
  calliperLeftFar: { scope: "calliper", keys: ["Shift+ArrowLeft"], group: "calliper" },
  calliperRightFar: { scope: "calliper", keys: ["Shift+ArrowRight"], group: "calliper" },
  calliperUpFar: { scope: "calliper", keys: ["Shift+ArrowUp"], group: "calliper" },
  calliperDownFar: { scope: "calliper", keys: ["Shift+ArrowDown"], group: "calliper" },
  nextObject: { scope: "viewer", keys: ["Tab"], group: "boxes" },
  previousObject: { scope: "viewer", keys: ["Shift+Tab"], group: "boxes" },
  cancel: { scope: "viewer", keys: ["Escape"], group: "boxes" },
  draw: { scope: "viewer", keys: ["N"], group: "boxes" },
  redraw: { scope: "viewer", keys: ["Shift+N"], group: "boxes" },
  copy: { scope: "viewer", keys: ["Ctrl+C"], group: "boxes" },
  paste: { scope: "viewer", keys: ["Ctrl+V"], group: "boxes" },
  propagate: { scope: "viewer", keys: ["Ctrl+B"], group: "boxes" },
  delete: { scope: "viewer", keys: ["Delete"], group: "boxes" },
  forceDelete: { scope: "viewer", keys: ["Shift+Delete"], group: "boxes" },
  nudgeLeft: { scope: "object", keys: ["ArrowLeft"], group: "boxes" },
  nudgeRight: { scope: "object", keys: ["ArrowRight"], group: "boxes" },
  nudgeUp: { scope: "object", keys: ["ArrowUp"], group: "boxes" },
  nudgeDown: { scope: "object", keys: ["ArrowDown"], group: "boxes" },
  nudgeLeftFar: { scope: "object", keys: ["Shift+ArrowLeft"], group: "boxes" },
  nudgeRightFar: { scope: "object", keys: ["Shift+ArrowRight"], group: "boxes" },
  nudgeUpFar: { scope: "object", keys: ["Shift+ArrowUp"], group: "boxes" },
  nudgeDownFar: { scope: "object", keys: ["Shift+ArrowDown"], group: "boxes" },
  keyframe: { scope: "viewer", keys: ["K"], group: "track" },
  outside: { scope: "viewer", keys: ["O"], group: "track" },
  occluded: { scope: "viewer", keys: ["Q", "/"], group: "track" },
  truncated: { scope: "viewer", keys: ["U"], group: "track" },
  uncertain: { scope: "viewer", keys: ["J"], group: "track" },
  lock: { scope: "viewer", keys: ["L"], group: "track" },
  lockAll: { scope: "viewer", keys: ["T L"], group: "track" },
  hide: { scope: "viewer", keys: ["H"], group: "track" },
  hideAll: { scope: "viewer", keys: ["T H"], group: "track" },
  pin: { scope: "viewer", keys: ["P"], group: "track" },
  interpolateGap: { scope: "viewer", keys: ["I"], group: "track" },
  interpolateTrack: { scope: "viewer", keys: ["Ctrl+I"], group: "track" },
  previousKeyframe: { scope: "viewer", keys: ["E"], group: "track" },
  nextKeyframe: { scope: "viewer", keys: ["R"], group: "track" },
  merge: { scope: "viewer", keys: ["M"], group: "track" },
  split: { scope: "viewer", keys: ["Alt+M"], group: "track" },
  acceptTrack: { scope: "viewer", keys: ["A"], group: "review" },
  acceptFrame: { scope: "viewer", keys: ["Shift+A"], group: "review" },
  rejectFrame: { scope: "viewer", keys: ["G"], group: "review" },
  noLesion: { scope: "viewer", keys: ["Shift+G"], group: "review" },
  sign: { scope: "viewer", keys: ["Ctrl+Enter"], group: "review" },
  layerDetections: { scope: "viewer", keys: ["1"], group: "review" },
  layerModel: { scope: "viewer", keys: ["2"], group: "review" },
  layerMine: { scope: "viewer", keys: ["3"], group: "review" },
  layerOthers: { scope: "viewer", keys: ["4"], group: "review" },
  undo: { scope: "viewer", keys: ["Ctrl+Z"], group: "saving" },
  redo: { scope: "viewer", keys: ["Ctrl+Shift+Z", "Ctrl+Y"], group: "saving" },
  flush: { scope: "everywhere", keys: ["Ctrl+S"], group: "saving" },
  help: { scope: "everywhere", keys: ["F1"], group: "saving" },
  settings: { scope: "everywhere", keys: ["F2"], group: "saving" },
});

/** Actions that a held key repeats. */
export const REPEATABLE = new Set(
  Object.keys(ACTIONS).filter((name) => /^(nudge|calliper|step|previous|next|zoom|brighter|darker|more|less)|^undo$|^redo$/.test(name) && !/Object|Need|Other/.test(name)),
);

/** @returns {Bindings} */
export function defaultBindings() {
  return Object.fromEntries(Object.entries(ACTIONS).map(([action, { keys }]) => [action, [...keys]]));
}

const MODIFIERS = new Set(["Control", "Alt", "Shift", "Meta", "AltGraph"]);
/** Keys whose character needs Shift on some keyboards: Shift is not part of their name. */
const isLetterOrName = (/** @type {string} */ key) => key.length > 1 || /[\p{L}\p{N}]/u.test(key);

/**
 * The name of a key event, "" for a modifier alone.
 * @param {{key: string, code?: string, ctrlKey?: boolean, altKey?: boolean, shiftKey?: boolean, metaKey?: boolean}} event
 */
export function comboOf({ key, code = "", ctrlKey = false, altKey = false, shiftKey = false, metaKey = false }) {
  if (MODIFIERS.has(key)) return "";
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  let name = key === " " ? "Space" : key;
  if (name.length === 1) name = letter && (altKey || !/[a-z]/i.test(name)) ? letter : name.toUpperCase();
  const parts = [];
  if (ctrlKey || metaKey) parts.push("Ctrl");
  if (altKey) parts.push("Alt");
  if (shiftKey && isLetterOrName(name)) parts.push("Shift");
  return [...parts, name].join("+");
}

/** Combinations to actions, by scope. @param {Bindings} bindings */
export function keyMap(bindings) {
  /** @type {Record<Scope, Map<string, string>>} */
  const map = { viewer: new Map(), object: new Map(), calliper: new Map(), everywhere: new Map() };
  for (const [action, combos] of Object.entries(bindings)) {
    const scope = ACTIONS[action]?.scope;
    if (scope) for (const combo of combos) map[scope].set(combo, action);
  }
  return map;
}

/**
 * Two actions of one scope, or one of "everywhere" and any other, on the same combination; a chord's first key too.
 * @param {Bindings} bindings
 * @returns {{combo: string, actions: string[]}[]}
 */
export function conflicts(bindings) {
  /** @type {Map<string, {action: string, scope: Scope}[]>} */
  const users = new Map();
  for (const [action, combos] of Object.entries(bindings)) {
    for (const combo of combos) {
      users.set(combo, [...(users.get(combo) ?? []), { action, scope: ACTIONS[action].scope }]);
    }
  }
  const found = [];
  for (const [combo, list] of users) {
    const chords = [...users.keys()].filter((other) => other.startsWith(`${combo} `)).flatMap((other) => users.get(other) ?? []);
    const clashing = [...list, ...chords].filter(({ scope }, i, all) =>
      all.some((other, j) => j !== i && (other.scope === scope || other.scope === "everywhere" || scope === "everywhere")),
    );
    if (clashing.length > 1) found.push({ combo, actions: clashing.map(({ action }) => action) });
  }
  return found;
}

/** Turns key events into actions, with chords. */
export class KeyReader {
  /** @param {Bindings} bindings */
  constructor(bindings) {
    this.map = keyMap(bindings);
    this.prefix = "";
  }

  /**
   * @param {string} combo @param {{isTyping: boolean, hasObject: boolean, hasCalliper?: boolean}} where
   * @returns {string|null} the action, or null (a chord may have begun)
   */
  read(combo, { isTyping, hasObject, hasCalliper = false }) {
    if (!combo) return null;
    const everywhere = this.map.everywhere.get(combo);
    if (everywhere || isTyping) {
      this.prefix = "";
      return everywhere ?? null;
    }
    const whole = this.prefix ? `${this.prefix} ${combo}` : combo;
    const found = (hasCalliper && this.map.calliper.get(whole)) || (hasObject && this.map.object.get(whole)) || this.map.viewer.get(whole) || null;
    const begins = !found && !this.prefix && [...this.map.viewer.keys()].some((key) => key.startsWith(`${combo} `));
    this.prefix = begins ? combo : "";
    return found;
  }
}
