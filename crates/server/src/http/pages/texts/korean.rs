use tokenry_domain::password::{Advice, Suggestion, Warning};

use super::{Account, Fault, Form, Frame, Home, Notice, Playground, Reference, Texts, Time};

pub(in super::super) const KOREAN: Texts = Texts {
    frame: Frame {
        skip: "본문으로 건너뛰기",
        languages: "언어",
        account: "내 계정",
        log_in: "로그인",
        sign_up: "가입",
    },
    home: Home {
        title: "시작",
        lead: "로그인을 위한 토큰 시스템입니다. 이 서버가 아이디와 비밀번호를 확인하고 서명된 토큰을 발급하면, 모든 서비스는 그 토큰을 스스로 검증합니다.",
        members: "내 계정",
        members_lead: "가입하고 로그인하고, 어디에서 로그인되어 있는지 확인하세요.",
        developers: "2분 안에 따라 하기",
        sign_up: "가입하면 액세스 토큰(1시간)과 리프레시 토큰(14일)을 받습니다.",
        send: "요청마다 Authorization: Bearer 헤더에 액세스 토큰을 넣습니다.",
        refresh: "만료되기 전에 리프레시 토큰과 액세스 토큰을 함께 보내 새 쌍을 받습니다.",
        more: "더 보기",
        calls: "모든 호출 설명",
        debugger: "JWT 디버거: 토큰 들여다보기",
        keys: "검증에 쓰는 공개 키 (JWKS)",
        metadata: "서버 메타데이터 (RFC 8414)",
    },
    playground: Playground {
        title: "전체 흐름을 눈으로 보기",
        needs_script: "이 체험 화면에는 자바스크립트가 필요합니다. 다른 페이지에는 필요하지 않습니다.",
        progress: "진행 정도",
        actions: "할 수 있는 일",
        age: "서비스가 토큰을 받아 주는 남은 시간",
        diagram: "누가 누구에게 무엇을 말했는지",
    },
    reference: Reference {
        title: "API 설명",
        lead_before: "JSON을 보내고 JSON을 받습니다. 오류는 code로 구별합니다. 프로그램이 읽을 문서:",
        lead_after: "각 호출의 설명은 영어입니다.",
        contents: "차례",
        parameter: "매개변수",
        place: "위치",
        meaning: "뜻",
        body: "본문",
        kind: "형식",
        answer: "답",
    },
    form: Form {
        error: "오류",
        check: "다음을 다시 확인해 주세요.",
        identifier: "사용자 이름 또는 이메일",
        username: "사용자 이름",
        email: "이메일",
        password: "비밀번호",
        current_password: "현재 비밀번호",
        new_password: "새 비밀번호",
        optional: "(선택)",
        password_hint: "8자 이상. 흔하지 않은 단어를 여러 개 이으면 안전하고 외우기 쉽습니다.",
        show: "보기",
        hide: "숨기기",
        show_password: "비밀번호 보기",
        hide_password: "비밀번호 숨기기",
        known_as: "이미 로그인되어 있습니다:",
        go_on: "계속하기",
        no_account: "계정이 없으신가요?",
        has_account: "이미 계정이 있으신가요?",
        closed: "지금은 가입을 받지 않습니다. 계정은 관리자가 만듭니다.",
        missing: "사용자 이름이나 이메일을 입력해 주세요.",
        name_missing: "사용자 이름이나 이메일 중 하나를 입력해 주세요.",
        email_missing: "가입하려면 이메일이 필요합니다.",
        password_missing: "비밀번호를 입력해 주세요.",
        name_too_long: "너무 깁니다.",
        name_character: "이름에 쓸 수 없는 문자가 있습니다.",
        name_at: "사용자 이름에는 @를 쓸 수 없습니다. 혹시 이메일인가요?",
        no_email: "이메일 주소가 아닙니다.",
        not_accepted: "받을 수 없는 값입니다.",
        email_domain: "정해진 도메인의 이메일로만 가입할 수 있습니다.",
        username_taken: "이미 쓰이는 사용자 이름입니다.",
        email_taken: "이 이메일로 가입한 계정이 있습니다.",
        wrong_credentials: "사용자 이름이나 비밀번호가 맞지 않습니다.",
        wrong_password: "비밀번호가 맞지 않습니다.",
        password_control: "자판으로 입력하기 어려운 문자가 있습니다.",
        password_guessable: "추측하기 쉬운 비밀번호입니다.",
        wait: |seconds| format!("시도가 너무 많습니다. {seconds}초 뒤에 다시 시도해 주세요."),
        password_too_long: |bytes| format!("{bytes}바이트보다 깁니다."),
        password_too_short: |least| format!("{least}자 이상이어야 합니다."),
    },
    account: Account {
        log_out: "로그아웃",
        profile: "프로필",
        save: "저장",
        sessions: "로그인된 기기",
        sessions_lead: "모르는 기기가 있으면 끝내고 비밀번호를 바꾸세요.",
        unknown_device: "알 수 없는 기기",
        this_session: "이 기기",
        address: "주소",
        first_use: "로그인",
        last_use: "최근 사용",
        end_session: "끝내기",
        end_others: "다른 기기 모두 끝내기",
        password: "비밀번호",
        password_lead: "비밀번호를 바꾸면 다른 기기는 모두 로그아웃됩니다.",
        change_password: "비밀번호 바꾸기",
        delete: "계정 삭제",
        delete_open: "이 계정을 완전히 삭제하기",
        delete_lead: "모든 기기에서 로그아웃되며 계정을 되살릴 수 없습니다.",
        more_sessions: |number| format!("그 밖에 {number}개가 더 있습니다."),
    },
    notice: Notice {
        ended: "세션이 끝났습니다. 다시 로그인해 주세요.",
        out: "로그아웃했습니다.",
        deleted: "계정을 삭제했습니다.",
        welcome: "환영합니다. 계정을 만들었습니다.",
        profile: "저장했습니다.",
        password: "비밀번호를 바꾸었고 다른 기기는 모두 로그아웃했습니다.",
        session: "그 기기를 로그아웃했습니다.",
        others: "다른 기기를 모두 로그아웃했습니다.",
    },
    time: Time {
        now: "방금",
        minutes: |number| format!("{number}분 전"),
        hours: |number| format!("{number}시간 전"),
        days: |number| format!("{number}일 전"),
    },
    fault: Fault {
        not_found: "페이지가 없습니다",
        not_found_detail: "주소를 잘못 입력했거나 페이지가 옮겨졌을 수 있습니다.",
        forbidden: "이곳에서 보낸 요청이 아닙니다",
        forbidden_detail: "다른 사이트에서 보낸 양식이라 아무것도 처리하지 않았습니다. 이곳에서 페이지를 열고 다시 보내 주세요.",
        invalid: "읽을 수 없는 요청입니다",
        invalid_detail: "양식이 이 페이지가 보내는 모양이 아닙니다. 뒤로 가서 다시 시도해 주세요.",
        unavailable: "지금은 이용할 수 없습니다",
        unavailable_detail: "잃은 것은 없습니다. 잠시 뒤에 다시 시도해 주세요.",
        back: "처음으로",
        request: "요청",
    },
    advice,
};

fn advice(advice: Advice) -> &'static str {
    match advice {
        Advice::Warning(about) => warning(about),
        Advice::Suggestion(about) => suggestion(about),
        Advice::General => "흔하지 않은 단어를 여러 개 이으세요.",
    }
}

fn warning(warning: Warning) -> &'static str {
    use Warning as W;
    match warning {
        W::StraightRowsOfKeysAreEasyToGuess => "자판에 나란히 있는 글자는 피하세요.",
        W::ShortKeyboardPatternsAreEasyToGuess => "자판의 짧은 무늬는 피하세요.",
        W::RepeatsLikeAaaAreEasyToGuess => "aaa처럼 되풀이하지 마세요.",
        W::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => "abcabc처럼 되풀이해도 별로 안전해지지 않습니다.",
        W::ThisIsATop10Password | W::ThisIsATop100Password | W::ThisIsACommonPassword => {
            "많은 사람이 쓰는 비밀번호입니다."
        }
        W::ThisIsSimilarToACommonlyUsedPassword => "많은 사람이 쓰는 비밀번호와 비슷합니다.",
        W::SequencesLikeAbcAreEasyToGuess => "abc나 6543처럼 이어지는 글자는 피하세요.",
        W::RecentYearsAreEasyToGuess => "연도는 피하세요.",
        W::AWordByItselfIsEasyToGuess => "단어 하나로는 부족합니다.",
        W::DatesAreOftenEasyToGuess => "날짜는 피하세요.",
        W::NamesAndSurnamesByThemselvesAreEasyToGuess | W::CommonNamesAndSurnamesAreEasyToGuess => "이름은 피하세요.",
    }
}

fn suggestion(suggestion: Suggestion) -> &'static str {
    use Suggestion as S;
    match suggestion {
        S::UseAFewWordsAvoidCommonPhrases => "서로 관계없는 단어를 몇 개 이어 보세요.",
        S::NoNeedForSymbolsDigitsOrUppercaseLetters => "기호나 숫자보다 단어를 더 넣는 편이 낫습니다.",
        S::AddAnotherWordOrTwo => "흔하지 않은 단어를 한두 개 더 넣으세요.",
        S::CapitalizationDoesntHelpVeryMuch | S::AllUppercaseIsAlmostAsEasyToGuessAsAllLowercase => {
            "대문자는 별로 도움이 되지 않습니다."
        }
        S::ReversedWordsArentMuchHarderToGuess => "거꾸로 쓴 단어는 별로 도움이 되지 않습니다.",
        S::PredictableSubstitutionsDontHelpVeryMuch => "a 대신 @를 써도 별로 도움이 되지 않습니다.",
        S::UseALongerKeyboardPatternWithMoreTurns => "자판의 무늬는 피하세요.",
        S::AvoidRepeatedWordsAndCharacters => "같은 단어나 글자를 되풀이하지 마세요.",
        S::AvoidSequences => "이어지는 글자는 피하세요.",
        S::AvoidRecentYears | S::AvoidYearsThatAreAssociatedWithYou => "연도는 피하세요.",
        S::AvoidDatesAndYearsThatAreAssociatedWithYou => "자신과 관계있는 날짜와 연도는 피하세요.",
    }
}
