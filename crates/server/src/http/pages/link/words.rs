use tokenry_domain::one_time::Purpose;

use crate::http::pages::Language;

/// The words of one page.
pub(super) struct Words {
    pub(super) title: &'static str,
    pub(super) lead: &'static str,
    pub(super) button: &'static str,
    pub(super) done: &'static str,
}

impl Words {
    pub(super) const fn of(purpose: Purpose, language: Language) -> &'static Self {
        match (purpose, language) {
            (Purpose::VerifyEmail, Language::English) => &Self {
                title: "Confirm your e-mail address",
                lead: "At the first time, the account becomes yours alone: every session of it but this one ends, and so does what is linked to it. If you are not logged in here, its password is void too, and a mail lets you choose a new one.",
                button: "Confirm the address",
                done: "The address is confirmed.",
            },
            (Purpose::VerifyEmail, Language::Korean) => &Self {
                title: "이메일 주소 확인",
                lead: "처음 확인하면 계정은 온전히 본인의 것이 됩니다. 이곳을 제외한 모든 세션이 끝나고 연결된 서비스도 풀립니다. 이곳에 로그인되어 있지 않다면 비밀번호도 무효가 되고, 새 비밀번호를 정하는 메일을 보내 드립니다.",
                button: "주소 확인하기",
                done: "주소가 확인되었습니다.",
            },
            (Purpose::ResetPassword, Language::English) => &Self {
                title: "Choose a new password",
                lead: "Every session of the account ends.",
                button: "Set the password",
                done: "The new password is set. Log in with it.",
            },
            (Purpose::ResetPassword, Language::Korean) => &Self {
                title: "새 비밀번호 정하기",
                lead: "계정의 모든 세션이 끝납니다.",
                button: "비밀번호 바꾸기",
                done: "새 비밀번호로 바뀌었습니다. 새 비밀번호로 로그인해 주세요.",
            },
            (Purpose::LogIn, Language::English) => &Self {
                title: "Log in",
                lead: "You will be logged in to the account with this address.",
                button: "Log in",
                done: "You are logged in.",
            },
            (Purpose::LogIn, Language::Korean) => &Self {
                title: "로그인",
                lead: "이 주소의 계정으로 로그인합니다.",
                button: "로그인",
                done: "로그인했습니다.",
            },
            (Purpose::ChangeEmail, Language::English) => &Self {
                title: "Use a new e-mail address",
                lead: "The account moves to this address.",
                button: "Use this address",
                done: "The account has moved to the new address.",
            },
            (Purpose::ChangeEmail, Language::Korean) => &Self {
                title: "새 이메일 주소 사용",
                lead: "계정의 이메일을 이 주소로 바꿉니다.",
                button: "이 주소 사용하기",
                done: "계정의 이메일이 새 주소로 바뀌었습니다.",
            },
            (Purpose::NotMe, Language::English) => &Self {
                title: "This was not me",
                lead: "Every session ends and the password no longer works. A link to choose a new one is sent to this address.",
                button: "End every session",
                done: "Every session has ended. Choose a new password with the link in the mail that is on its way.",
            },
            (Purpose::NotMe, Language::Korean) => &Self {
                title: "제가 한 일이 아닙니다",
                lead: "모든 세션이 끝나고 지금의 비밀번호는 더 이상 쓸 수 없습니다. 새 비밀번호를 정할 링크를 이 주소로 보냅니다.",
                button: "모든 세션 끝내기",
                done: "모든 세션이 끝났습니다. 곧 도착할 메일의 링크로 새 비밀번호를 정해 주세요.",
            },
        }
    }
}

/// What a page says of the `code` of an error.
pub(super) fn refusal(code: &str, language: Language) -> &'static str {
    let [english, korean] = match code {
        "link_invalid" => [
            "This link is not valid. Was it copied whole?",
            "올바르지 않은 링크입니다. 전체를 복사했는지 확인해 주세요.",
        ],
        "link_expired" => ["This link has expired. Ask for a new one.", "링크가 만료되었습니다. 새로 요청해 주세요."],
        "link_used" => [
            "This link was used, or replaced by a newer one, or the account has changed since.",
            "이미 사용했거나, 더 새로운 링크가 있거나, 그 사이 계정이 바뀌어 쓸 수 없는 링크입니다.",
        ],
        "account_exists" => ["Another account has this address.", "다른 계정이 이 주소를 쓰고 있습니다."],
        "rate_limited" => {
            ["Too many attempts. Try again in a moment.", "시도가 너무 많습니다. 잠시 뒤에 다시 해 주세요."]
        }
        _ => ["It did not work. Try again in a moment.", "처리하지 못했습니다. 잠시 뒤에 다시 해 주세요."],
    };
    match language {
        Language::English => english,
        Language::Korean => korean,
    }
}
