// The words of the playground, in both languages.

const ENGLISH = {
  parties: { browser: "Browser", thief: "Thief", service: "Service", tokenry: "Tokenry" },
  actions: {
    sign_up: "Sign up",
    call: "Call the service",
    wait: "Let it expire",
    steal: "Steal the tokens",
    thief_call: "Thief: call the service",
    thief_refresh: "Thief: refresh",
    refresh: "Refresh",
    log_in: "Log in again",
    end: "End it from another device",
  },
  tokens: { access: "Access token", refresh: "Refresh token", stolen: "In the thief's hands", none: "none", says: "What it says" },
  age: {
    fresh: (/** @type {number} */ left) => `The service takes it for another ${left} s.`,
    expired: "Expired for this service.",
    revoked: "Revoked: no service takes it.",
  },
  told: {
    start: "Each button makes real calls to this server. Begin with a sign-up: the name is made up, the account is real.",
    sign_up: "Tokenry stored the account, signed two tokens and keeps one row for the session. The browser keeps both tokens.",
    log_in: "A new session, with a pair of its own. The ended one stays ended.",
    call: (/** @type {number} */ micros) => `The service verified the token by itself in ${micros} µs: keys it has, revocations it was told. Tokenry was not asked.`,
    renewed: "The service said token_expired. The client sent both tokens together, received a new pair, and repeated its call. (Before expiry there would have been no 401 at all.)",
    waiting: "An access token lasts an hour. To spare you that, this service takes one for 20 seconds only.",
    expired: "Now the token is too old. Call the service again and watch the renewal.",
    steal: "Someone has copied both tokens. Nothing tells the two holders apart yet.",
    thief_call: "Until it expires, a copied access token works. That is the weakness; what follows is the answer to it.",
    thief_refresh: "The thief refreshed first and holds the newest pair. The owner still holds the old one. Now let the owner refresh.",
    refresh: "A new pair. The old refresh token was used up and has become a trap: whoever sends it again gives the theft away.",
    caught: "Two parties hold this session, and Tokenry noticed at the first refresh of the second one. The session is over for both, and the service has been told. Let both try.",
    refused: "Refused, although the token has not expired: its session is on the revocation feed, which the service follows. No database was asked.",
    end: "The session was ended from another device. The feed told the service within milliseconds. Call it.",
    gone: "This session is over. Log in again to go on.",
    again: "Done: that was all of it. Go on playing; every button stays real.",
    failed: (/** @type {string} */ code) => `That did not work: ${code}.`,
  },
};

/** @type {typeof ENGLISH} */
const KOREAN = {
  parties: { browser: "브라우저", thief: "도둑", service: "서비스", tokenry: "Tokenry" },
  actions: {
    sign_up: "가입하기",
    call: "서비스 호출하기",
    wait: "만료될 때까지 기다리기",
    steal: "토큰 훔치기",
    thief_call: "도둑: 서비스 호출",
    thief_refresh: "도둑: 갱신",
    refresh: "갱신하기",
    log_in: "다시 로그인하기",
    end: "다른 기기에서 세션 끝내기",
  },
  tokens: { access: "액세스 토큰", refresh: "리프레시 토큰", stolen: "도둑이 가진 것", none: "없음", says: "담긴 내용" },
  age: {
    fresh: (left) => `서비스가 앞으로 ${left}초 동안 받아 줍니다.`,
    expired: "이 서비스에서는 만료되었습니다.",
    revoked: "폐기되어 어느 서비스도 받지 않습니다.",
  },
  told: {
    start: "모든 단추는 이 서버를 실제로 호출합니다. 먼저 가입해 보세요. 이름은 지어낸 것이지만 계정은 진짜입니다.",
    sign_up: "Tokenry가 계정을 저장하고 토큰 두 개에 서명했습니다. 서버에 남는 것은 세션 한 줄뿐이고, 토큰은 둘 다 브라우저가 가집니다.",
    log_in: "새 세션과 새 토큰 쌍입니다. 끝난 세션은 그대로 끝나 있습니다.",
    call: (micros) => `서비스가 스스로 ${micros} µs 만에 토큰을 검증했습니다. 가지고 있는 키와 전해 들은 폐기 목록만 썼고, Tokenry에는 묻지 않았습니다.`,
    renewed: "서비스가 token_expired라고 답하자 클라이언트가 두 토큰을 함께 보내 새 쌍을 받고 호출을 되풀이했습니다. (만료 전에 미리 갱신하면 401도 없습니다.)",
    waiting: "액세스 토큰은 한 시간 동안 씁니다. 기다리지 않도록 이 서비스는 20초만 받아 줍니다.",
    expired: "이제 토큰이 오래되었습니다. 서비스를 다시 호출해 갱신을 지켜보세요.",
    steal: "누군가 두 토큰을 모두 복사했습니다. 아직은 누가 주인인지 구별할 수 없습니다.",
    thief_call: "복사된 액세스 토큰은 만료될 때까지 통합니다. 토큰 방식의 약점입니다. 다음이 그 해답입니다.",
    thief_refresh: "도둑이 먼저 갱신해 최신 쌍을 가졌고 주인은 옛 쌍을 들고 있습니다. 이제 주인이 갱신해 보세요.",
    refresh: "새 쌍을 받았습니다. 옛 리프레시 토큰은 함정이 되었습니다. 누가 다시 보내면 도난이 드러납니다.",
    caught: "두 사람이 한 세션을 들고 있다는 것을 두 번째 사람의 첫 갱신에서 알아챘습니다. 세션은 양쪽 모두 끝났고 서비스에도 알렸습니다. 둘 다 호출해 보세요.",
    refused: "토큰은 아직 만료 전이지만 거절되었습니다. 서비스가 따라 읽는 폐기 목록에 이 세션이 올라왔기 때문입니다. 데이터베이스는 조회하지 않았습니다.",
    end: "다른 기기에서 세션을 끝냈습니다. 폐기 목록이 몇 밀리초 만에 서비스에 알렸습니다. 호출해 보세요.",
    gone: "이 세션은 끝났습니다. 계속하려면 다시 로그인하세요.",
    again: "여기까지가 전부입니다. 더 시험해 보세요. 모든 단추는 계속 진짜입니다.",
    failed: (code) => `되지 않았습니다: ${code}.`,
  },
};

/** The words for the page's language. */
export const words = document.documentElement.lang === "ko" ? KOREAN : ENGLISH;
