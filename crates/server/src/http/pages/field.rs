use askama::Template;

use super::Page;
use super::faults::Faults;

/// A field of a form with its label, its hint and what is wrong with it. Put it into a template with `|safe`.
#[derive(Template)]
#[template(path = "field.html")]
pub(crate) struct Field<'a> {
    page: &'a Page,
    id: String,
    name: &'a str,
    label: &'a str,
    kind: &'a str,
    autocomplete: &'a str,
    value: &'a str,
    hint: &'a str,
    remark: &'a str,
    wrong: Option<&'a str>,
    is_first: bool,
}

impl<'a> Field<'a> {
    /// A field for a name. `autocomplete` is one of the names of HTML.
    pub(crate) fn text(
        page: &'a Page,
        faults: &'a Faults,
        form: &str,
        name: &'a str,
        label: &'a str,
        autocomplete: &'a str,
    ) -> Self {
        Self {
            page,
            id: format!("{form}-{name}"),
            name,
            label,
            kind: "text",
            autocomplete,
            value: "",
            hint: "",
            remark: "",
            wrong: faults.of(form, name),
            is_first: false,
        }
    }

    /// A field for a password. What was typed is never shown back.
    pub(crate) fn password(
        page: &'a Page,
        faults: &'a Faults,
        form: &str,
        name: &'a str,
        label: &'a str,
        autocomplete: &'a str,
    ) -> Self {
        Self { kind: "password", ..Self::text(page, faults, form, name, label, autocomplete) }
    }

    pub(crate) fn email(self) -> Self {
        Self { kind: "email", ..self }
    }

    pub(crate) fn value(self, value: &'a str) -> Self {
        Self { value, ..self }
    }

    /// A sentence below the field.
    pub(crate) fn hint(self, hint: &'a str) -> Self {
        Self { hint, ..self }
    }

    /// A word beside the label.
    pub(crate) fn remark(self, remark: &'a str) -> Self {
        Self { remark, ..self }
    }

    /// Whether the page begins here.
    pub(crate) fn first(self, is_first: bool) -> Self {
        Self { is_first, ..self }
    }

    fn is_password(&self) -> bool {
        self.kind == "password"
    }

    /// The ids of what describes it.
    fn description(&self) -> String {
        let parts = [("hint", !self.hint.is_empty()), ("wrong", self.wrong.is_some())];
        let ids = parts.iter().filter(|(_, is_there)| *is_there).map(|(part, _)| format!("{}-{part}", self.id));
        ids.collect::<Vec<_>>().join(" ")
    }
}
