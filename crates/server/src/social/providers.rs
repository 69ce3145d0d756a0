//! Each provider's own manners, a file each of at most 80 lines. One more is one more file and one more line here.

mod apple;
mod facebook;
mod github;
mod google;
mod kakao;
mod naver;
mod openid;

use super::manners::Manners;

/// The manners of the provider that is known by this name; else those of any OpenID provider.
pub(super) fn known(name: &str) -> Box<dyn Manners> {
    match name {
        "apple" => Box::new(apple::Apple),
        "facebook" => Box::new(facebook::Facebook),
        "github" => Box::new(github::Github),
        "google" => Box::new(google::Google),
        "kakao" => Box::new(kakao::Kakao),
        "naver" => Box::new(naver::Naver),
        _ => Box::new(openid::OpenId),
    }
}
