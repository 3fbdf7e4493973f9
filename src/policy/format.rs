//! Formats: which one a file is, and what it is read into.
//!
//! [`detect()`] looks at the path and, where that does not tell, searches the content for a few words; [`parse()`] reads. Neither fails: what
//! cannot be read is a note of the document. What the blocks and the tree of every format look like is written down in
//! `docs/policy-formats.md`. Must not know rules or conditions.

mod arm;
mod base;
mod bicep;
mod cloudformation;
mod code;
mod detect;
mod dockerfile;
pub(super) mod expression;
mod hcl;
mod helm;
mod json;
mod manifests;
mod outline;
mod servers;
mod settings;
mod shell;
mod terraform;
mod xml;
mod yaml;

#[cfg(test)]
mod tests;

use self::{
    base::{Bounds, LONGEST, whole},
    code::Language,
    settings::{IniStyle, LineStyle},
};
use super::document::{Document, Note, Value};
use crate::text::Span;

pub(crate) use self::detect::{FOLDERS, may_have_one};
pub use self::{detect::detect, outline::outline};

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Playbooks, task files and variables of Ansible.
    Ansible,
    /// `httpd.conf`, `.htaccess` and what they include.
    Apache,
    /// Templates of Azure Resource Manager.
    Arm,
    /// `azure-pipelines.yml`.
    AzurePipelines,
    /// Bicep.
    Bicep,
    /// `.circleci/config.yml`.
    CircleCi,
    /// Templates of AWS `CloudFormation` and SAM, in YAML or JSON.
    CloudFormation,
    /// `#cloud-config`.
    CloudInit,
    /// Compose files.
    Compose,
    /// Settings of Django.
    Django,
    /// `daemon.json` of Docker.
    DockerDaemon,
    /// Dockerfiles and Containerfiles.
    Dockerfile,
    /// `elasticsearch.yml`, `opensearch.yml`, `kibana.yml`.
    Elasticsearch,
    /// `.env` files.
    Env,
    /// Configuration of Flask.
    Flask,
    /// Workflows and actions of GitHub.
    GithubActions,
    /// Pipelines of GitLab.
    GitlabCi,
    /// INI files of no other format.
    Ini,
    /// JSON of no other format.
    Json,
    /// Kubernetes manifests, also as templates of Helm, and Kustomize.
    Kubernetes,
    /// `config/*.php` of Laravel.
    Laravel,
    /// `settings.xml` of Maven.
    Maven,
    /// `mongod.conf`.
    Mongod,
    /// `my.cnf` and the like.
    Mysql,
    /// nginx.
    Nginx,
    /// `.npmrc`.
    Npmrc,
    /// `OpenAPI` and Swagger.
    OpenApi,
    /// `pg_hba.conf`.
    PgHba,
    /// `pip.conf`.
    Pip,
    /// Policies of AWS in JSON.
    Policy,
    /// `postgresql.conf`.
    Postgresql,
    /// Java properties of no other format.
    Properties,
    /// Environments of Rails.
    Rails,
    /// `redis.conf`.
    Redis,
    /// Lines of a key and a value, of other servers.
    Conf,
    /// Shell scripts, by logical lines.
    Shell,
    /// `application.yml` and `application.properties` of Spring.
    Spring,
    /// `sshd_config` and `ssh_config`.
    Sshd,
    /// Terraform and other HCL: `.tf`, `.tofu`, `.hcl`.
    Terraform,
    /// Terraform in JSON syntax.
    TerraformJson,
    /// `.tfvars`.
    TerraformVariables,
    /// TOML.
    Toml,
    /// XML of no other format.
    Xml,
    /// YAML of no other format.
    Yaml,
}

/// Every format with the name that rules use, sorted by name. Several formats may share a name.
const NAMES: &[(Format, &str)] = &[
    (Format::Ansible, "ansible"),
    (Format::Apache, "apache"),
    (Format::Arm, "arm"),
    (Format::AzurePipelines, "azure-pipelines"),
    (Format::Bicep, "bicep"),
    (Format::CircleCi, "circleci"),
    (Format::CloudInit, "cloud-init"),
    (Format::CloudFormation, "cloudformation"),
    (Format::Compose, "compose"),
    (Format::Conf, "conf"),
    (Format::Django, "django"),
    (Format::DockerDaemon, "docker-daemon"),
    (Format::Dockerfile, "dockerfile"),
    (Format::Elasticsearch, "elasticsearch"),
    (Format::Env, "env"),
    (Format::Flask, "flask"),
    (Format::GithubActions, "github-actions"),
    (Format::GitlabCi, "gitlab-ci"),
    (Format::Ini, "ini"),
    (Format::Json, "json"),
    (Format::Kubernetes, "kubernetes"),
    (Format::Laravel, "laravel"),
    (Format::Maven, "maven"),
    (Format::Mongod, "mongod"),
    (Format::Mysql, "mysql"),
    (Format::Nginx, "nginx"),
    (Format::Npmrc, "npmrc"),
    (Format::OpenApi, "openapi"),
    (Format::PgHba, "pg-hba"),
    (Format::Pip, "pip"),
    (Format::Policy, "policy"),
    (Format::Postgresql, "postgresql"),
    (Format::Properties, "properties"),
    (Format::Rails, "rails"),
    (Format::Redis, "redis"),
    (Format::Shell, "shell"),
    (Format::Spring, "spring"),
    (Format::Sshd, "sshd"),
    (Format::Terraform, "terraform"),
    (Format::TerraformJson, "terraform"),
    (Format::TerraformVariables, "tfvars"),
    (Format::Toml, "toml"),
    (Format::Xml, "xml"),
    (Format::Yaml, "yaml"),
];

impl Format {
    /// The name that rules use.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(format, _)| *format == self).map_or("", |(_, name)| name)
    }

    /// The format whose rules speak of what is in such a file: values of variables are part of their module.
    #[must_use]
    pub fn judged_as(self) -> Self {
        if self == Self::TerraformVariables { Self::Terraform } else { self }
    }

    /// All formats of this name; none where there is no such name.
    #[must_use]
    pub fn named(name: &str) -> Vec<Self> {
        NAMES.iter().filter(|(_, known)| *known == name).map(|(format, _)| *format).collect()
    }

    /// All names, each once.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        let mut names: Vec<&str> = NAMES.iter().map(|(_, name)| *name).collect();
        names.dedup();
        names
    }
}

/// Reads `text` as `format`.
#[must_use]
pub fn parse(format: Format, text: &[u8]) -> Document {
    if text.len() > LONGEST {
        let message = format!("is longer than {LONGEST} bytes and is not read for policy");
        return Document { notes: vec![Note { span: Span::new(0, 0), message }], ..Document::default() };
    }
    match format {
        Format::Terraform | Format::TerraformVariables if !starts_with_brace(text) => terraform::read(text),
        Format::TerraformVariables => terraform::read_json(text, true),
        Format::Terraform | Format::TerraformJson => terraform::read_json(text, false),
        Format::CloudFormation => cloudformation(text),
        Format::Arm => arm::read(text),
        Format::Bicep => bicep::read(text),
        Format::Policy => json_document(text, "policy"),
        Format::Json | Format::DockerDaemon => json_document(text, ""),
        Format::Kubernetes => Document { steered: helm::steered(text), ..manifests::kubernetes(text) },
        Format::Compose => manifests::compose(text),
        Format::Ansible => manifests::ansible(text),
        Format::GithubActions => manifests::single(text, "workflow"),
        Format::GitlabCi => manifests::gitlab(text),
        Format::AzurePipelines | Format::CircleCi => manifests::single(text, "pipeline"),
        Format::OpenApi => manifests::single(text, "api"),
        Format::CloudInit => manifests::single(text, ""),
        Format::Yaml => manifests::plain(text),
        Format::Mongod | Format::Elasticsearch => undotted(manifests::plain(text)),
        Format::Spring if is_properties(text) => settings::properties(text),
        Format::Spring => undotted(manifests::plain(text)),
        Format::Properties => settings::properties(text),
        Format::Dockerfile => dockerfile::read(text),
        Format::Env => settings::dotenv(text),
        Format::Toml => settings::toml(text),
        Format::Xml | Format::Maven => xml::read(text),
        Format::Nginx => servers::nginx(text),
        Format::Apache => servers::apache(text),
        Format::PgHba => settings::pg_hba(text),
        Format::Shell => shell::lines(text),
        Format::Django | Format::Flask => code::settings(text, Language::Python),
        Format::Rails => code::settings(text, Language::Ruby),
        Format::Laravel => code::settings(text, Language::Php),
        Format::Ini | Format::Pip | Format::Npmrc | Format::Mysql => settings::ini(text, &ini_style(format)),
        Format::Sshd | Format::Redis | Format::Postgresql | Format::Conf => {
            settings::lines(text, &line_style(format))
        }
    }
}

const fn ini_style(format: Format) -> IniStyle {
    let mysql = matches!(format, Format::Mysql);
    let npmrc = matches!(format, Format::Npmrc);
    // Names of npm hold colons.
    IniStyle {
        colons: !npmrc && !mysql,
        comments: mysql,
        underscores: mysql,
        variables: npmrc || matches!(format, Format::Pip),
    }
}

const fn line_style(format: Format) -> LineStyle {
    LineStyle {
        small: !matches!(format, Format::Conf),
        sections: if matches!(format, Format::Sshd) { &["match", "host"] } else { &[] },
        comments: matches!(format, Format::Postgresql),
    }
}

fn starts_with_brace(text: &[u8]) -> bool {
    text[base::after_mark(text)..].trim_ascii_start().first() == Some(&b'{')
}

/// Whether settings that may be YAML or properties are the latter: the first line with a value has an equals sign before any colon.
fn is_properties(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .find(|line| !line.is_empty() && line[0] != b'#')
        .is_some_and(|line| line.iter().find(|byte| matches!(byte, b'=' | b':')) == Some(&b'='))
}

fn json_document(text: &[u8], kind: &str) -> Document {
    let mut bounds = Bounds::default();
    let root = json::read(text, &mut bounds);
    bounds.document(vec![whole(kind, "", root)])
}

fn cloudformation(text: &[u8]) -> Document {
    let mut bounds = Bounds::default();
    if starts_with_brace(text) {
        let root = json::read(text, &mut bounds);
        return cloudformation::blocks(text, root, bounds);
    }
    let blanked = helm::blank(text).filter(|_| memchr::memmem::find(text, b"{{resolve:").is_none());
    let mut roots = yaml::read(blanked.as_deref().unwrap_or(text), &mut bounds);
    let root =
        roots.iter().position(|(_, root)| root.get("Resources").is_some()).map(|at| roots.swap_remove(at).1);
    // The Serverless Framework keeps what it hands on to CloudFormation below a key of its own.
    let below = || {
        roots
            .iter()
            .find_map(|(_, root)| root.get("resources").filter(|part| part.get("Resources").is_some()))
    };
    let root = root.or_else(|| below().cloned());
    let Some(root) = root.or_else(|| roots.pop().map(|(_, root)| root)) else {
        return bounds.document(Vec::new());
    };
    cloudformation::blocks(text, root, bounds)
}

fn undotted(mut document: Document) -> Document {
    for block in &mut document.blocks {
        let root = std::mem::replace(&mut block.root.value, Value::Null);
        block.root = settings::undotted(super::document::Node::new(block.root.span, root), 0);
    }
    document
}
