//! Pages as trees, as a browser reads them.

use html5ever::parse_document;
use html5ever::tendril::TendrilSink;
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// A parsed page.
pub(crate) struct Document {
    /// Its elements and texts, in their order.
    pub(crate) nodes: Vec<Node>,
    /// What the parser found wrong.
    pub(crate) errors: Vec<String>,
}

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Node {
    /// Its name.
    pub(crate) name: String,
    /// Its attributes.
    pub(crate) attributes: Vec<(String, String)>,
    /// The names of the elements around it, the outermost first.
    pub(crate) path: Vec<String>,
    /// All text in it.
    pub(crate) text: String,
}

impl Node {
    /// The value of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

impl Document {
    /// Reads a page.
    pub(crate) fn parse(page: &str) -> Self {
        let dom = parse_document(RcDom::default(), html5ever::ParseOpts::default()).one(page);
        let errors = dom.errors.borrow().iter().map(ToString::to_string).collect();
        let mut nodes = Vec::new();
        collect(&dom.document, &[], &mut nodes);
        Self { nodes, errors }
    }

    /// The elements of this name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(move |node| node.name == name)
    }

    /// Names of elements and attributes without their values: what a page does, whatever its texts are.
    pub(crate) fn skeleton(&self) -> Vec<(String, Vec<String>)> {
        let names = |node: &Node| node.attributes.iter().map(|(name, _)| name.clone()).collect();
        self.nodes.iter().map(|node| (node.name.clone(), names(node))).collect()
    }
}

/// Adds the elements below a node, and returns the text in it.
fn collect(handle: &Handle, path: &[String], nodes: &mut Vec<Node>) -> String {
    let mut text = String::new();
    let (mut path, mut own) = (path.to_vec(), None);
    match &handle.data {
        NodeData::Text { contents } => text.push_str(&contents.borrow()),
        NodeData::Element { name, attrs, .. } => {
            let name = name.local.to_string();
            let attrs = attrs.borrow();
            let attributes = attrs.iter().map(|a| (a.name.local.to_string(), a.value.to_string()));
            let attributes = attributes.collect();
            own = Some(nodes.len());
            nodes.push(Node {
                name: name.clone(),
                attributes,
                path: path.clone(),
                text: String::new(),
            });
            path.push(name);
        }
        _ => {}
    }
    for child in handle.children.borrow().iter() {
        text.push_str(&collect(child, &path, nodes));
    }
    if let Some(own) = own {
        nodes[own].text.clone_from(&text);
    }
    text
}
