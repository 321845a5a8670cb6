// @ts-check
/**
 * When each frame is due: playback follows the frame times of the cine, never a video clock.
 *
 * @typedef {"once"|"loop"|"bounce"} Repeat
 */

/** A moment before a frame ends, so that going backward begins on it and not on the next. */
const EDGE_MS = 0.001;
/** Used where the source records no timing; the page says so. */
export const ASSUMED_FPS = 20;

/**
 * Start of every frame in ms, with the end of the last one as a further entry.
 * @param {number} nFrames
 * @param {number|null} fps frames per second, null where not recorded
 * @param {number[]|null} frameTimesMs cumulative times from the first frame, one a frame, where each has its own
 * @returns {Float64Array} nFrames + 1 times, not decreasing
 */
export function frameStarts(nFrames, fps, frameTimesMs) {
  const starts = new Float64Array(nFrames + 1);
  if (frameTimesMs && frameTimesMs.length === nFrames) {
    starts.set(frameTimesMs.map((time) => time - frameTimesMs[0]));
    const step = nFrames > 1 ? starts[nFrames - 1] / (nFrames - 1) : 1000 / ASSUMED_FPS;
    starts[nFrames] = starts[nFrames - 1] + step;
  } else {
    const step = 1000 / (fps || ASSUMED_FPS);
    for (let i = 0; i <= nFrames; i += 1) starts[i] = i * step;
  }
  return starts;
}

/**
 * The frame on display at a time within the clip.
 * @param {Float64Array} starts of frameStarts
 * @param {number} timeMs
 */
export function frameAt(starts, timeMs) {
  let [low, high] = [0, starts.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= timeMs) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Where playback stands: clip time as a function of wall time, so that it skips rather than drifts. */
export class Schedule {
  /**
   * @param {Float64Array} starts of frameStarts
   * @param {{speed?: number, repeat?: Repeat}} [options]
   */
  constructor(starts, { speed = 1, repeat = "loop" } = {}) {
    this.starts = starts;
    this.speed = speed;
    this.repeat = repeat;
    this.duration = starts[starts.length - 1];
    this.anchorClip = 0;
    this.anchorWall = 0;
  }

  /** Begin (again) at a frame. @param {number} frame @param {number} nowMs @param {1|-1} [direction] of a bounce */
  start(frame, nowMs, direction = 1) {
    const isBackward = direction === -1 && this.repeat === "bounce";
    this.anchorClip = isBackward ? 2 * this.duration - this.starts[frame + 1] + EDGE_MS : this.starts[frame];
    this.anchorWall = nowMs;
  }

  /** Change the speed without a jump. @param {number} speed @param {number} nowMs */
  setSpeed(speed, nowMs) {
    this.anchorClip = this.clipTime(nowMs);
    this.anchorWall = nowMs;
    this.speed = speed;
  }

  /** Unfolded clip time. @param {number} nowMs */
  clipTime(nowMs) {
    return this.anchorClip + (nowMs - this.anchorWall) * this.speed;
  }

  /**
   * The frame due now, and whether playback has come to its end.
   * @param {number} nowMs
   * @returns {{frame: number, ended: boolean, direction: 1|-1}}
   */
  at(nowMs) {
    const time = Math.max(0, this.clipTime(nowMs));
    if (this.repeat === "once" || this.duration <= 0) {
      return { frame: frameAt(this.starts, time), ended: time >= this.duration, direction: 1 };
    }
    if (this.repeat === "loop") {
      return { frame: frameAt(this.starts, time % this.duration), ended: false, direction: 1 };
    }
    const folded = time % (2 * this.duration);
    const isBackward = folded >= this.duration;
    const mirrored = Math.max(0, 2 * this.duration - folded - EDGE_MS);
    return { frame: frameAt(this.starts, isBackward ? mirrored : folded), ended: false, direction: isBackward ? -1 : 1 };
  }
}
