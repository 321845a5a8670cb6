// @ts-check
/**
 * A least-recently-used store that hands every value it drops to `release` (bitmaps must be closed).
 * @template K, V
 */
export class Lru {
  /**
   * @param {number} limit total cost kept
   * @param {{release?: (value: V, key: K) => void, cost?: (value: V) => number}} [options]
   */
  constructor(limit, { release = () => {}, cost = () => 1 } = {}) {
    this.limit = limit;
    this.release = release;
    this.cost = cost;
    this.total = 0;
    /** @type {Map<K, V>} */
    this.entries = new Map();
  }

  get size() {
    return this.entries.size;
  }

  /** @param {K} key */
  has(key) {
    return this.entries.has(key);
  }

  /** The value, now the most recently used. @param {K} key @returns {V|undefined} */
  get(key) {
    const value = this.entries.get(key);
    if (value === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, value);
    return value;
  }

  /** @param {K} key @param {V} value */
  set(key, value) {
    this.delete(key);
    this.entries.set(key, value);
    this.total += this.cost(value);
    for (const oldest of this.entries.keys()) {
      if (this.total <= this.limit || oldest === key) break;
      this.delete(oldest);
    }
  }

  /** @param {K} key */
  delete(key) {
    const value = this.entries.get(key);
    if (value === undefined) return;
    this.entries.delete(key);
    this.total -= this.cost(value);
    this.release(value, key);
  }

  clear() {
    for (const key of [...this.entries.keys()]) this.delete(key);
  }
}
