/** The words of a shell command that is one simple command: quotes and backslashes, and nothing else that a shell knows. */
export function splitWords(script: string): readonly string[] {
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < script.length; at++) {
    const char = script[at] ?? ''
    if (char === "'" || char === '"') {
      const end = closingQuote(script, at)
      const inner = script.slice(at + 1, end)
      word = (word ?? '') + (char === '"' ? inner.replaceAll(/\\(["\\$`])/g, '$1') : inner)
      at = end
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (char === '\\') word = (word ?? '') + (script[++at] ?? '')
    else word = (word ?? '') + char
  }
  if (word !== undefined) words.push(word)
  return words
}

function closingQuote(script: string, start: number): number {
  const quote = script[start]
  for (let at = start + 1; at < script.length; at++) {
    if (script[at] === '\\' && quote === '"') at++
    else if (script[at] === quote) return at
  }
  return script.length
}
