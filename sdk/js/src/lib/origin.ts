/** The origin of a URL, or nothing if it has none that can be told for certain: then it gets no token. */
export function originOf(url: string): string | undefined {
  // By hand: React Native's URL has no `origin`. User names and backslashes, which parsers read differently, don't match.
  return /^https?:\/\/[a-z0-9.\-_:[\]]+(?=[/?#]|$)/i.exec(url)?.[0].toLowerCase().replace(/^(http:.*):80$|^(https:.*):443$/, "$1$2");
}
