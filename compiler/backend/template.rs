//! How a template becomes a file.
//!
//! The environment is empty and strict: a template can print a finished string, repeat, and leave
//! out, nothing else; an undefined name is an error. Block tags on lines of their own leave no
//! trace. Nothing is escaped, because only checked values reach a view; but in a page of HTML every
//! string is.

use std::sync::OnceLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

/// A template of `templates/`, built into the program.
pub struct Template {
    name: &'static str,
    text: &'static str,
    environment: OnceLock<Environment<'static>>,
}

/// The template `templates/NAME`, to be kept in a `static`.
#[macro_export]
macro_rules! template {
    ($name:literal) => {
        $crate::backend::template::Template::new(
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/", $name)),
        )
    };
}

/// What every file begins with: `{% include "banner.j2" %}`.
const BANNER: &str = include_str!("../../templates/banner.j2");

impl Template {
    /// See [`template!`](crate::template).
    pub const fn new(name: &'static str, text: &'static str) -> Self {
        Template {
            name,
            text,
            environment: OnceLock::new(),
        }
    }

    /// The file that `view` gives. The fields of a view are finished strings, lists of them, and
    /// booleans that are only asked, never printed.
    pub fn render<View: Serialize>(&'static self, view: &View) -> String {
        let environment = self
            .environment
            .get_or_init(|| environment(self.name, self.text));
        environment
            .get_template(self.name)
            .and_then(|template| template.render(Serde(view)))
            .expect("every template is rendered with its own view by the golden tests")
    }
}

fn environment(name: &'static str, text: &'static str) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| match name.ends_with(".html.j2") {
        true => AutoEscape::Html,
        false => AutoEscape::None,
    });
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .expect("the syntax has no conflicting delimiters");
    environment.set_syntax(syntax);
    for (name, text) in [("banner.j2", BANNER), (name, text)] {
        environment
            .add_template(name, text)
            .expect("every template is parsed by the golden tests");
    }
    environment
}
