// @ts-check
/**
 * Preferences of one person on one machine: keys (with conflicts shown and defaults to go back to), and the help page
 * that is made from them.
 *
 * @typedef {import("./keys.js").Bindings} Bindings
 */
import { dialog } from "./dialogs.js";
import { ACTIONS, comboOf, conflicts, defaultBindings } from "./keys.js";
import { element } from "./table.js";
import { t } from "./text.js";
import { LIMITS } from "./track_review.js";

/**
 * Numbers that a person may change: field, name in storage, default, lowest.
 * @type {Readonly<Record<string, {stored: string, standard: number, least: number, most: number}>>}
 */
const NUMBERS = Object.freeze({
  step: { stored: "viewer-step", standard: 10, least: 1, most: 1000 },
  jump: { stored: "viewer-jump", standard: LIMITS.jump_px, least: 1, most: 1000 },
  confidence: { stored: "viewer-confidence", standard: LIMITS.low_confidence, least: 0, most: 1 },
});
const GROUPS = ["frames", "picture", "calliper", "boxes", "track", "review", "saving"];

const DIRECTION = /(?<=^nudge|^calliper)(Left|Right|Up|Down)/;

/** @type {Record<string, string>} */
const SIGNS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Delete: "Del", Escape: "Esc" };

/** @param {string} combo @returns {(Node|string)[]} */
function keycaps(combo) {
  const keys = (/** @type {string} */ part) => (part.endsWith("+") ? [...part.slice(0, -1).split("+").filter(Boolean), "+"] : part.split("+"));
  const words = (/** @type {string} */ part) => keys(part).map((key) => SIGNS[key] ?? key).join(" + ");
  return combo.split(" ").flatMap((part, i) => [i ? " " : "", element("kbd", { textContent: words(part) })]);
}

/** "Shift+←", "Shift+→", … in one line: "Shift", "←", "→", … @param {string[]} combos */
function together(combos) {
  const shared = combos.length > 2 ? (/^(?:\w+\+)+/.exec(combos[0])?.[0] ?? "") : "";
  if (!shared || !combos.every((combo) => combo.startsWith(shared))) return combos;
  return [shared.slice(0, -1), ...combos.map((combo) => combo.slice(shared.length))];
}

export class Settings {
  /** @param {string|number} userId @param {(bindings: Bindings) => void} apply */
  constructor(userId, apply) {
    this.userId = userId;
    this.name = `viewer-keys-${userId}`;
    /** @type {() => void} */
    this.onNumber = () => {};
    for (const name of Object.keys(NUMBERS)) this.#followNumber(name);
    this.apply = apply;
    this.bindings = this.#stored();
    /** @type {string|null} the action whose next key is being read */
    this.waiting = null;
    dialog("settings").addEventListener("keydown", (event) => this.#read(event));
    dialog("settings").addEventListener("close", () => this.#wait(null));
    document.getElementById("keys-default")?.addEventListener("click", () => this.#defaults());
    this.render();
  }

  /** Frames that the step keys go. */
  get step() {
    return Math.round(this.#number("step"));
  }

  /** When a frame needs this person. */
  get limits() {
    return { jump_px: this.#number("jump"), low_confidence: this.#number("confidence") };
  }

  /** @param {string} name */
  #number(name) {
    const { stored, standard, least, most } = NUMBERS[name];
    const value = Number(localStorage.getItem(`${stored}-${this.userId}`) ?? standard);
    return Number.isFinite(value) ? Math.min(Math.max(value, least), most) : standard;
  }

  /** @param {string} name */
  #followNumber(name) {
    const field = /** @type {HTMLInputElement} */ (document.getElementById(`setting-${name}`));
    field.value = String(this.#number(name));
    field.addEventListener("change", () => {
      if (field.value) localStorage.setItem(`${NUMBERS[name].stored}-${this.userId}`, field.value);
      field.value = String(this.#number(name));
      this.onNumber();
    });
  }

  #defaults() {
    for (const [name, { stored, standard }] of Object.entries(NUMBERS)) {
      localStorage.removeItem(`${stored}-${this.userId}`);
      /** @type {HTMLInputElement} */ (document.getElementById(`setting-${name}`)).value = String(standard);
    }
    this.#set(defaultBindings());
    this.onNumber();
  }

  /** @returns {Bindings} */
  #stored() {
    try {
      const own = JSON.parse(localStorage.getItem(this.name) ?? "{}");
      return { ...defaultBindings(), ...Object.fromEntries(Object.entries(own).filter(([action]) => action in ACTIONS)) };
    } catch {
      return defaultBindings();
    }
  }

  /** @param {Bindings} bindings */
  #set(bindings) {
    this.bindings = bindings;
    const standard = defaultBindings();
    const own = Object.entries(bindings).filter(([action, combos]) => String(combos) !== String(standard[action]));
    localStorage.setItem(this.name, JSON.stringify(Object.fromEntries(own)));
    this.apply(bindings);
    this.render();
  }

  /** @param {string|null} action */
  #wait(action) {
    this.waiting = action;
    this.render();
  }

  /** @param {KeyboardEvent} event */
  #read(event) {
    if (!this.waiting) return;
    event.preventDefault();
    event.stopPropagation();
    const combo = comboOf(event);
    if (!combo) return;
    const action = this.waiting;
    this.waiting = null;
    if (combo !== "Escape" || action === "cancel") this.#set({ ...this.bindings, [action]: [combo] });
    else this.render();
    /** @type {HTMLElement|null} */ (document.querySelector(`#key-rows [data-action="${action}"]`))?.focus();
  }

  render() {
    const clashes = conflicts(this.bindings);
    const place = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
    place("key-conflicts").hidden = !clashes.length;
    place("key-conflicts").textContent = clashes
      .map(({ combo, actions }) => t("keyConflict", { combo, actions: actions.map((name) => t(`key_${name}`)).join(", ") }))
      .join(" ");
    const clashing = new Set(clashes.flatMap(({ actions }) => actions));
    place("key-rows").replaceChildren(...GROUPS.flatMap((group) => this.#settingRows(group, clashing)));
    place("help-groups").replaceChildren(...GROUPS.map((group) => this.#helpGroup(group)));
  }

  /** @param {string} group */
  #actionsOf(group) {
    return Object.keys(ACTIONS).filter((action) => ACTIONS[action].group === group);
  }

  /** @param {string} group @param {Set<string>} clashing */
  #settingRows(group, clashing) {
    const head = element("tr", {}, [element("th", { scope: "rowgroup", colSpan: 2, textContent: t(`group_${group}`) })]);
    head.className = "key-group";
    return [head, ...this.#actionsOf(group).map((action) => {
      const words = this.waiting === action ? [t("pressKey")] : this.bindings[action].flatMap((combo, i) => [i ? ` ${t("or")} ` : "", ...keycaps(combo)]);
      const hidden = element("span", { className: "visually-hidden", textContent: ` ${t("changeKey", { name: t(`key_${action}`) })}` });
      const button = element("button", { type: "button", className: "btn btn-sm btn-quiet", dataset: { action } }, [...words, hidden]);
      button.addEventListener("click", () => {
        this.#wait(action);
        /** @type {HTMLElement|null} */ (document.querySelector(`#key-rows [data-action="${action}"]`))?.focus();
      });
      const row = element("tr", {}, [element("th", { scope: "row", textContent: t(`key_${action}`) }), element("td", {}, [button])]);
      row.classList.toggle("clash", clashing.has(action));
      return row;
    })];
  }

  /** The four arrows of one family are one line: their names differ by the direction alone. @param {string} group */
  #helpGroup(group) {
    /** @type {Map<string, string[]>} */
    const families = new Map();
    for (const action of this.#actionsOf(group)) {
      const family = action.replace(DIRECTION, "");
      families.set(family, [...(families.get(family) ?? []), action]);
    }
    const lines = [...families].flatMap(([family, actions]) => [
      element("dt", {}, together(actions.flatMap((action) => this.bindings[action])).flatMap((combo, i) => [i ? " " : "", ...keycaps(combo)])),
      element("dd", { textContent: t(`key_${actions.length > 1 ? family : actions[0]}`) }),
    ]);
    return element("section", {}, [element("h3", { textContent: t(`group_${group}`) }), element("dl", { className: "key-list" }, lines)]);
  }
}
