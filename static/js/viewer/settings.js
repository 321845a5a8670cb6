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

const DEFAULT_STEP = 10;
const GROUPS = ["frames", "boxes", "track", "review", "saving"];

/** @type {Record<string, string>} */
const SIGNS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Delete: "Del", Escape: "Esc" };

/** @param {string} combo @returns {(Node|string)[]} */
function keycaps(combo) {
  const words = (/** @type {string} */ part) => part.split("+").map((key) => SIGNS[key] ?? key).join(" + ");
  return combo.split(" ").flatMap((part, i) => [i ? " " : "", element("kbd", { textContent: words(part) })]);
}

export class Settings {
  /** @param {string|number} userId @param {(bindings: Bindings) => void} apply */
  constructor(userId, apply) {
    this.name = `viewer-keys-${userId}`;
    this.stepName = `viewer-step-${userId}`;
    this.#followStep();
    this.apply = apply;
    this.bindings = this.#stored();
    /** @type {string|null} the action whose next key is being read */
    this.waiting = null;
    dialog("settings").addEventListener("keydown", (event) => this.#read(event));
    dialog("settings").addEventListener("close", () => this.#wait(null));
    document.getElementById("keys-default")?.addEventListener("click", () => this.#set(defaultBindings()));
    this.render();
  }

  /** Frames that the step keys go. */
  get step() {
    return Math.max(1, Math.round(Number(localStorage.getItem(this.stepName) ?? DEFAULT_STEP)) || DEFAULT_STEP);
  }

  #followStep() {
    const field = /** @type {HTMLInputElement} */ (document.getElementById("setting-step"));
    field.value = String(this.step);
    field.addEventListener("change", () => localStorage.setItem(this.stepName, field.value));
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
    return this.#actionsOf(group).map((action) => {
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
    });
  }

  /** @param {string} group */
  #helpGroup(group) {
    const lines = this.#actionsOf(group).flatMap((action) => [
      element("dt", {}, this.bindings[action].flatMap((combo, i) => [i ? " " : "", ...keycaps(combo)])),
      element("dd", { textContent: t(`key_${action}`) }),
    ]);
    return element("section", {}, [element("h3", { textContent: t(`group_${group}`) }), element("dl", { className: "key-list" }, lines)]);
  }
}
