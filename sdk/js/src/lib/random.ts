/** 128 random bits, or nothing where the runtime has no source of them (React Native without a polyfill). */
export function randomKey(): string | undefined {
  const bytes = globalThis.crypto?.getRandomValues?.(new Uint8Array(16));
  return bytes && Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
