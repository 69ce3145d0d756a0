// The session in the phone's secure storage.
import * as SecureStore from "expo-secure-store";
import { textStorage, tokenry } from "tokenry";

const place = {
  get: () => SecureStore.getItemAsync("session"),
  set: (text) => (text === null ? SecureStore.deleteItemAsync("session") : SecureStore.setItemAsync("session", text)),
};

export const auth = tokenry("http://127.0.0.1:7519", {
  storage: textStorage(place),
  origins: ["http://127.0.0.1:3000"],
});
