//! A page as a person sees it: text, links, forms that are filled in field by field and sent with a button.

use scraper::{ElementRef, Html, Selector};

use super::Visitor;

pub struct Page {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub path: String,
}

/// A form read from a page, with what a browser would send.
#[derive(Clone, Debug)]
pub struct Form {
    pub action: String,
    pub pairs: Vec<(String, String)>,
}

fn select(css: &str) -> Selector {
    Selector::parse(css).unwrap()
}

impl Page {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn location(&self) -> Option<String> {
        self.header("location").map(str::to_owned)
    }

    pub fn html(&self) -> Html {
        Html::parse_document(&self.body)
    }

    /// What can be read, with white space folded.
    pub fn text(&self) -> String {
        let html = self.html();
        let body = html.select(&select("body")).next();
        let text: String = body.map_or_else(|| self.body.clone(), |body| body.text().collect::<Vec<_>>().join(" "));
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub fn title(&self) -> String {
        self.html().select(&select("title")).next().map(|title| title.text().collect::<String>()).unwrap_or_default()
    }

    pub fn has(&self, css: &str) -> bool {
        self.html().select(&select(css)).next().is_some()
    }

    pub fn count(&self, css: &str) -> usize {
        self.html().select(&select(css)).count()
    }

    /// The texts of these elements, in the order of the page.
    pub fn texts(&self, css: &str) -> Vec<String> {
        let text =
            |found: ElementRef<'_>| found.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
        self.html().select(&select(css)).map(text).collect()
    }

    /// Where links on the page lead.
    pub fn links(&self) -> Vec<String> {
        self.html().select(&select("a[href]")).filter_map(|link| link.attr("href").map(str::to_owned)).collect()
    }

    /// Values of visible fields.
    pub fn field_values(&self) -> Vec<String> {
        self.html()
            .select(&select("input:not([type=hidden])"))
            .filter_map(|field| field.attr("value").map(str::to_owned))
            .collect()
    }

    /// The value of the field with that id.
    pub fn value_of(&self, id: &str) -> Option<String> {
        self.html().select(&select(&format!("#{id}"))).next().and_then(|field| field.attr("value").map(str::to_owned))
    }

    /// The form that has a field of that name.
    pub fn form_with(&self, name: &str) -> Form {
        let html = self.html();
        let form = html
            .select(&select("form"))
            .find(|form| form.select(&select("[name]")).any(|field| field.attr("name") == Some(name)));
        self.read(
            form.unwrap_or_else(|| panic!("no form with {name} on {} ({}): {}", self.path, self.status, self.text())),
        )
    }

    /// The form that is sent to that path.
    pub fn form_to(&self, action: &str) -> Form {
        let html = self.html();
        let form = html.select(&select("form")).find(|form| form.attr("action").unwrap_or(&self.path) == action);
        self.read(
            form.unwrap_or_else(|| panic!("no form to {action} on {} ({}): {}", self.path, self.status, self.text())),
        )
    }

    /// Where the forms lead into which somebody types text that is no password.
    pub fn posted_texts(&self) -> Vec<String> {
        let html = self.html();
        let typed = select("textarea[name], input[name]");
        let is_text = |field: ElementRef<'_>| {
            let kind = field.attr("type").unwrap_or("text");
            field.value().name() == "textarea" || ["text", "email", "url", "number", "date"].contains(&kind)
        };
        let posts = select("form[method=post]");
        let posted = html.select(&posts);
        let with_text: Vec<String> = posted
            .filter(|form| form.select(&typed).any(is_text))
            .map(|form| form.attr("action").filter(|action| !action.is_empty()).unwrap_or(&self.path).to_owned())
            .collect();
        with_text
    }

    /// Where the page's forms go.
    pub fn actions(&self) -> Vec<String> {
        self.html().select(&select("form")).map(|form| form.attr("action").unwrap_or(&self.path).to_owned()).collect()
    }

    fn read(&self, form: ElementRef<'_>) -> Form {
        let mut pairs = Vec::new();
        for field in form.select(&select("input[name], textarea[name], select[name]")) {
            let name = field.attr("name").unwrap().to_owned();
            let checkable = matches!(field.attr("type"), Some("checkbox" | "radio"));
            match field.value().name() {
                "input" if checkable && field.attr("checked").is_none() => {}
                "input" => {
                    pairs.push((name, field.attr("value").unwrap_or(if checkable { "on" } else { "" }).to_owned()))
                }
                "textarea" => {
                    let text: String = field.text().collect();
                    pairs.push((name, text.strip_prefix('\n').unwrap_or(&text).to_owned()));
                }
                _ => {
                    let options = select("option");
                    let chosen =
                        field.select(&select("option[selected]")).next().or_else(|| field.select(&options).next());
                    let value = chosen
                        .map(|option| option.attr("value").map_or_else(|| option.text().collect(), str::to_owned));
                    pairs.push((name, value.unwrap_or_default()));
                }
            }
        }
        Form { action: form.attr("action").filter(|action| !action.is_empty()).unwrap_or(&self.path).to_owned(), pairs }
    }
}

impl Form {
    /// Takes one tick away.
    #[must_use]
    pub fn without(mut self, name: &str, value: &str) -> Self {
        self.pairs.retain(|pair| pair.0 != name || pair.1 != value);
        self
    }

    /// Fills in a field (or chooses a radio button), replacing what was there.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.pairs.retain(|(key, _)| key != name);
        self.pairs.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds one more value under a name (a further checkbox).
    #[must_use]
    pub fn add(mut self, name: &str, value: &str) -> Self {
        self.pairs.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What stands in a field.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The names of its fields, in their order.
    pub fn names(&self) -> Vec<&str> {
        self.pairs.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// Presses a button that has a name.
    pub async fn press(self, name: &str, value: &str, visitor: &Visitor) -> Page {
        self.add(name, value).send(visitor).await
    }

    /// Sends the form.
    pub async fn send(&self, visitor: &Visitor) -> Page {
        visitor.post(&self.action, &self.pairs).await
    }
}
