/** Something that only the person at the machine can put right; set-up ends with exit code 4 and this message. */
export class CannotSetUp extends Error {}

/** @param {string} line what is about to be done, and why */
export function say(line) {
  console.log(`set-up: ${line}`)
}
