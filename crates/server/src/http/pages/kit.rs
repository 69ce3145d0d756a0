use url::Url;

use super::assets::Assets;
use super::colours;
use super::logo::Logo;
use crate::Config;
use crate::config::{Brand, ConfigError};

/// What all pages have in common, made once at the start.
pub(crate) struct Kit {
    /// The path of the application, without a slash at its end.
    pub(super) base: String,
    /// What the pages call the product.
    pub(super) name: String,
    pub(super) assets: Assets,
    /// The picture beside the name.
    pub(super) logo: &'static str,
    /// The `Content-Security-Policy` of every page.
    pub(super) policy: String,
}

impl Kit {
    /// The look that is configured, for pages below the path of `issuer`.
    pub(crate) fn new(config: &Config, issuer: &str) -> Result<Self, ConfigError> {
        let Brand { name, colour, logo } = &config.brand;
        let logo = match logo {
            Some(file) => Logo::read(file).map_err(ConfigError)?,
            None => Logo { name: "mark.svg", bytes: mark(config).into_bytes() },
        };
        let style = format!("{}{}", include_str!("../../../assets/style.css"), colours::css(*colour));
        let logo_name = logo.name;
        let base = Url::parse(issuer).map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default();
        Ok(Self {
            base,
            name: name.to_string(),
            assets: Assets::new([("style.css", style.into_bytes()), (logo_name, logo.bytes)]),
            logo: logo_name,
            policy: policy(&config.server.cors_origins.0),
        })
    }
}

/// Browsers hold a form's redirects against `form-action`, and a log-in may lead back to a listed origin.
fn policy(origins: &[String]) -> String {
    let origins = origins.iter().filter_map(|origin| Url::parse(origin).ok()).map(|url| url.origin());
    let origins = origins.filter(url::Origin::is_tuple).map(|origin| format!(" {}", origin.ascii_serialization()));
    let forms: String = origins.collect();
    format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'{forms}; frame-ancestors 'none'; base-uri 'none'"
    )
}

/// The initial of the name on a round ground of its colour.
fn mark(config: &Config) -> String {
    let initial = config.brand.name.as_str().chars().next().unwrap_or('T').to_uppercase().next().unwrap_or('T');
    let (ground, ink) = (config.brand.colour, colours::readable(config.brand.colour));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><rect width=\"32\" height=\"32\" rx=\"9\" \
         fill=\"{ground}\"/><text x=\"16\" y=\"22.5\" text-anchor=\"middle\" font-family=\"system-ui,sans-serif\" \
         font-size=\"19\" font-weight=\"700\" fill=\"{ink}\">&#{};</text></svg>\n",
        u32::from(initial)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_come_into_the_policy() {
        assert!(policy(&[]).contains("form-action 'self';"));
        let origins = ["https://app.example/path", "null", "data:x", "*", "https://b.example; script-src *"];
        let policy = policy(&origins.map(str::to_owned));
        assert!(policy.contains("form-action 'self' https://app.example;"), "{policy}");
        assert_eq!(policy.matches("script-src").count(), 1, "{policy}");
    }
}
