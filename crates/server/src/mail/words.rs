//! What mails say. A subject is one of these texts and nothing else: no one's input stands in a header.

use tokenry_domain::mail::{Language, Letter};

/// The words of one letter.
pub(crate) struct Words {
    pub(crate) subject: &'static str,
    pub(crate) lead: &'static str,
    /// What the link does.
    pub(crate) action: &'static str,
    pub(crate) aside: &'static str,
}

/// The names of what a notice tells.
pub(super) struct Facts {
    pub(super) time: &'static str,
    pub(super) address: &'static str,
    pub(super) device: &'static str,
}

impl Words {
    pub(crate) fn of(letter: Letter, language: Language) -> Self {
        let [subject, lead, action, aside] = match language {
            Language::English => english(letter),
            Language::Korean => korean(letter),
        };
        Self { subject, lead, action, aside }
    }
}

impl Facts {
    pub(super) fn of(language: Language) -> Self {
        match language {
            Language::English => Self { time: "When", address: "From", device: "Device" },
            Language::Korean => Self { time: "시각", address: "주소", device: "기기" },
        }
    }
}

fn english(letter: Letter) -> [&'static str; 4] {
    const NOT_ME: &str = "This was not me";
    const ALL_ENDS: &str = "If this was you, there is nothing to do. If not, open the link within 7 days: every session ends, the password no longer works, and you choose a new one.";
    match letter {
        Letter::Verification => [
            "Confirm your e-mail address",
            "Someone, probably you, has an account with this address. Confirm that the address is yours.",
            "Confirm the address",
            "The link is valid for 72 hours and works once. If you made no such account, you need do nothing; whoever confirms the address has the account to themselves.",
        ],
        Letter::PasswordReset => [
            "Choose a new password",
            "A new password was asked for, for the account with this address.",
            "Choose a new password",
            "The link is valid for one hour and works once. Every session ends when it is used. If you did not ask for it, there is nothing to do: your password stays as it is.",
        ],
        Letter::LoginLink => [
            "Log in",
            "Here is the link that logs you in.",
            "Log in",
            "The link is valid for 15 minutes and works once. If you did not ask for it, there is nothing to do. Don't pass it on.",
        ],
        Letter::EmailChange => [
            "Confirm your new e-mail address",
            "An account is to move to this address. Confirm that the address is yours.",
            "Use this address",
            "The link is valid for one hour and works once. If you did not ask for it, there is nothing to do.",
        ],
        Letter::EmailChanged => [
            "Your e-mail address was changed",
            "Your account has moved to another e-mail address. This is the last mail to this one.",
            NOT_ME,
            "If this was you, there is nothing to do. If not, open the link within 7 days: the account comes back to this address, every session ends, the password no longer works, and you choose a new one.",
        ],
        Letter::NewDevice => {
            ["A log-in from a new device", "Someone has logged in to your account from a new device.", NOT_ME, ALL_ENDS]
        }
        Letter::PasswordChanged => {
            ["Your password was changed", "The password of your account was changed.", NOT_ME, ALL_ENDS]
        }
        Letter::IdentityLinked => [
            "A new way to log in to your account",
            "An account at another service was linked to yours: whoever logs in there can log in here.",
            NOT_ME,
            "If this was you, there is nothing to do. If not, open the link within 7 days: it is unlinked, every session ends, the password no longer works, and you choose a new one.",
        ],
        Letter::SessionStolen => [
            "One of your sessions was stolen",
            "Two parties used the same session of your account, so one of them had stolen it. The session was ended; log in again.",
            "End every session",
            "If you know why (a copied device, a restored back-up), there is nothing to do. If not, open the link within 7 days: every session ends, the password no longer works, and you choose a new one.",
        ],
    }
}

fn korean(letter: Letter) -> [&'static str; 4] {
    const NOT_ME: &str = "제가 한 일이 아닙니다";
    const ALL_ENDS: &str = "직접 하신 일이라면 아무것도 하지 않으셔도 됩니다. 아니라면 7일 안에 링크를 여세요. 모든 세션이 끝나고 지금의 비밀번호는 더 이상 쓸 수 없으며, 새 비밀번호를 정하시게 됩니다.";
    match letter {
        Letter::Verification => [
            "이메일 주소를 확인해 주세요",
            "이 주소로 만든 계정이 있습니다. 본인의 주소가 맞는지 확인해 주세요.",
            "주소 확인하기",
            "링크는 72시간 동안 유효하며 한 번만 쓸 수 있습니다. 계정을 만드신 적이 없다면 아무것도 하지 않으셔도 됩니다. 주소를 확인한 사람만 계정을 쓸 수 있습니다.",
        ],
        Letter::PasswordReset => [
            "새 비밀번호를 정해 주세요",
            "이 주소의 계정에 대해 새 비밀번호 요청을 받았습니다.",
            "새 비밀번호 정하기",
            "링크는 1시간 동안 유효하며 한 번만 쓸 수 있습니다. 사용하면 모든 세션이 끝납니다. 요청하신 적이 없다면 아무것도 하지 않으셔도 됩니다. 비밀번호는 그대로입니다.",
        ],
        Letter::LoginLink => [
            "로그인 링크",
            "로그인할 수 있는 링크입니다.",
            "로그인",
            "링크는 15분 동안 유효하며 한 번만 쓸 수 있습니다. 요청하신 적이 없다면 아무것도 하지 않으셔도 됩니다. 다른 사람에게 전달하지 마세요.",
        ],
        Letter::EmailChange => [
            "새 이메일 주소를 확인해 주세요",
            "계정의 이메일을 이 주소로 바꾸려고 합니다. 본인의 주소가 맞는지 확인해 주세요.",
            "이 주소 사용하기",
            "링크는 1시간 동안 유효하며 한 번만 쓸 수 있습니다. 요청하신 적이 없다면 아무것도 하지 않으셔도 됩니다.",
        ],
        Letter::EmailChanged => [
            "이메일 주소가 바뀌었습니다",
            "계정의 이메일이 다른 주소로 바뀌었습니다. 이 주소로는 더 이상 메일을 보내지 않습니다.",
            NOT_ME,
            "직접 하신 일이라면 아무것도 하지 않으셔도 됩니다. 아니라면 7일 안에 링크를 여세요. 계정이 이 주소로 되돌아오고, 모든 세션이 끝나고 지금의 비밀번호는 더 이상 쓸 수 없으며, 새 비밀번호를 정하시게 됩니다.",
        ],
        Letter::NewDevice => ["새 기기에서 로그인했습니다", "새로운 기기에서 계정에 로그인했습니다.", NOT_ME, ALL_ENDS],
        Letter::PasswordChanged => ["비밀번호가 바뀌었습니다", "계정의 비밀번호가 바뀌었습니다.", NOT_ME, ALL_ENDS],
        Letter::IdentityLinked => [
            "계정에 새로운 로그인 방법이 생겼습니다",
            "다른 서비스의 계정이 연결되어, 그 서비스로도 이 계정에 로그인할 수 있습니다.",
            NOT_ME,
            "직접 하신 일이라면 아무것도 하지 않으셔도 됩니다. 아니라면 7일 안에 링크를 여세요. 연결이 풀리고, 모든 세션이 끝나고 지금의 비밀번호는 더 이상 쓸 수 없으며, 새 비밀번호를 정하시게 됩니다.",
        ],
        Letter::SessionStolen => [
            "세션 하나가 도용되었습니다",
            "같은 세션을 두 곳에서 사용했습니다. 둘 중 하나는 훔친 것이므로 그 세션을 끝냈습니다. 다시 로그인해 주세요.",
            "모든 세션 끝내기",
            "이유를 아신다면(기기 복사, 백업 복원 등) 아무것도 하지 않으셔도 됩니다. 아니라면 7일 안에 링크를 여세요. 모든 세션이 끝나고 지금의 비밀번호는 더 이상 쓸 수 없으며, 새 비밀번호를 정하시게 됩니다.",
        ],
    }
}
