import axios from "axios";

// count
const keep = (pair: { access: string; refresh: string }) => localStorage.setItem("pair", JSON.stringify(pair));
const kept = () => JSON.parse(localStorage.getItem("pair") ?? "{}");
const api = axios.create();

api.interceptors.request.use((config) => {
  const { access } = kept();
  if (access) config.headers.Authorization = `Bearer ${access}`;
  return config;
});

let renewal: Promise<void> | undefined;
async function renew() {
  const { data } = await axios.post("/api/token/refresh/", { refresh: kept().refresh });
  keep(data);
}

api.interceptors.response.use(undefined, async (error) => {
  const { config, response } = error;
  if (response?.status !== 401 || config.repeated) throw error;
  renewal ??= renew().finally(() => (renewal = undefined));
  await renewal;
  return api({ ...config, repeated: true });
});
// end

export async function logIn(username: string, password: string) {
  // count
  const { data } = await axios.post("/api/token/", { username, password });
  keep(data);
  // end
}

export async function orders() {
  const answer = await api.get("/api/orders");
  return answer.data;
}

export async function logOut() {
  // count
  await axios.post("/api/token/blacklist/", { refresh: kept().refresh });
  localStorage.removeItem("pair");
  // end
}
