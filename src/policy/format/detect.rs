//! Which format a file is. Must not read more of it than a few searches for a word.

use bstr::BStr;

use super::Format;

/// How much of a file is searched for the words that tell formats apart: whole templates, but not data.
const SEARCHED: usize = 1 << 20;

/// The format of the file at `path`, if it is one of those that are read. Cheap: the ending decides, then a few searches for a word.
#[must_use]
pub fn detect(path: &BStr, text: &[u8]) -> Option<Format> {
    let lower = path.to_ascii_lowercase();
    let file = File::new(&lower, &text[..text.len().min(SEARCHED)]);
    file.by_name().or_else(|| file.of_ending()?(&file))
}

/// Whether [`detect`] gives a format for some text.
#[must_use]
pub(crate) fn may_have_one(path: &BStr) -> bool {
    let lower = path.to_ascii_lowercase();
    let file = File::new(&lower, b"");
    file.by_name().is_some() || file.is_named_as_kubeconfig() || file.of_ending().is_some()
}

struct File<'f> {
    /// With the slash at its end; in small letters, as is the name.
    folder: &'f [u8],
    name: &'f [u8],
    text: &'f [u8],
}

/// Folders that have a say in what a file is, with none in front: some format that a file of a name can have, it has in one of them.
pub(crate) const FOLDERS: &[&[u8]] = &[
    b"",
    b".circleci/",
    b".github/workflows/",
    b".gitlab/ci/",
    b"apache2/",
    b"config/",
    b"defaults/",
    b"environments/",
    b"group_vars/",
    b"handlers/",
    b"host_vars/",
    b"httpd/",
    b"nginx/",
    b"playbooks/",
    b"roles/",
    b"settings/",
    b"sites-available/",
    b"sites-enabled/",
    b"ssh_config.d/",
    b"sshd_config.d/",
    b"tasks/",
    b"vars/",
];

/// Names that say all.
const NAMES: &[(&[u8], Format)] = &[
    (b".env", Format::Env),
    (b".flaskenv", Format::Env),
    (b".envrc", Format::Env),
    (b".htaccess", Format::Apache),
    (b"httpd.conf", Format::Apache),
    (b"apache2.conf", Format::Apache),
    (b"nginx.conf", Format::Nginx),
    (b".gitlab-ci.yml", Format::GitlabCi),
    (b".gitlab-ci.yaml", Format::GitlabCi),
    (b".npmrc", Format::Npmrc),
    (b"npmrc", Format::Npmrc),
    (b"pip.conf", Format::Pip),
    (b"pip.ini", Format::Pip),
    (b".pypirc", Format::Pip),
    (b"sshd_config", Format::Sshd),
    (b"ssh_config", Format::Sshd),
    (b"redis.conf", Format::Redis),
    (b"sentinel.conf", Format::Redis),
    (b"mongod.conf", Format::Mongod),
    (b"mongos.conf", Format::Mongod),
    (b"mongo.conf", Format::Mongod),
    (b"postgresql.conf", Format::Postgresql),
    (b"postgresql.auto.conf", Format::Postgresql),
    (b"pg_hba.conf", Format::PgHba),
    (b"my.cnf", Format::Mysql),
    (b"my.ini", Format::Mysql),
    (b"mysqld.cnf", Format::Mysql),
    (b"elasticsearch.yml", Format::Elasticsearch),
    (b"elasticsearch.yaml", Format::Elasticsearch),
    (b"opensearch.yml", Format::Elasticsearch),
    (b"kibana.yml", Format::Elasticsearch),
    (b"opensearch_dashboards.yml", Format::Elasticsearch),
    (b"daemon.json", Format::DockerDaemon),
    (b"smb.conf", Format::Ini),
    (b"php.ini", Format::Ini),
    (b"grafana.ini", Format::Ini),
    (b"exports", Format::Conf),
    (b"vsftpd.conf", Format::Conf),
    (b"snmpd.conf", Format::Conf),
    (b"memcached.conf", Format::Conf),
    (b"rabbitmq.conf", Format::Conf),
    (b"docker-compose.yml", Format::Compose),
    (b"docker-compose.yaml", Format::Compose),
    (b"compose.yml", Format::Compose),
    (b"compose.yaml", Format::Compose),
    (b"azure-pipelines.yml", Format::AzurePipelines),
    (b"azure-pipelines.yaml", Format::AzurePipelines),
];

/// Endings that are no part of a Dockerfile's name.
const NO_DOCKERFILE: &[&[u8]] = &[
    b".md", b".py", b".go", b".js", b".ts", b".rb", b".java", b".html", b".txt", b".rs", b".json", b".yml",
    b".yaml", b".erb", b".sh",
];

impl<'f> File<'f> {
    /// Of a path in small letters.
    fn new(path: &'f [u8], text: &'f [u8]) -> Self {
        let start = path.iter().rposition(|byte| matches!(byte, b'/' | b'\\')).map_or(0, |slash| slash + 1);
        File { folder: &path[..start], name: &path[start..], text }
    }

    fn ends(&self, endings: &[&[u8]]) -> bool {
        endings.iter().any(|ending| self.name.ends_with(ending))
    }

    fn has(&self, word: &[u8]) -> bool {
        memchr::memmem::find(self.text, word).is_some()
    }

    fn within(&self, folder: &[u8]) -> bool {
        memchr::memmem::find(self.folder, folder)
            .is_some_and(|at| at == 0 || matches!(self.folder[at - 1], b'/' | b'\\'))
    }

    /// True if a line begins with `word`.
    fn line_starts(&self, word: &[u8]) -> bool {
        memchr::memmem::find_iter(self.text, word).any(|at| at == 0 || self.text[at - 1] == b'\n')
    }

    fn is_named_as_kubeconfig(&self) -> bool {
        matches!(self.name, b"config" | b"kubeconfig" | b"admin.conf") || self.ends(&[b".kubeconfig"])
    }

    fn by_name(&self) -> Option<Format> {
        if let Some((_, format)) = NAMES.iter().find(|(name, _)| *name == self.name) {
            return Some(*format);
        }
        let word = |name: &[u8]| {
            self.name
                .strip_prefix(name)
                .is_some_and(|rest| rest.first().is_none_or(|byte| matches!(byte, b'.' | b'-' | b'_')))
        };
        let docker = word(b"dockerfile")
            || word(b"containerfile")
            || self.ends(&[b".dockerfile", b".containerfile", b"_dockerfile", b"-dockerfile"]);
        if docker && !self.ends(NO_DOCKERFILE) {
            return Some(Format::Dockerfile);
        }
        if self.name.starts_with(b".env.") || self.ends(&[b".env"]) {
            return Some(Format::Env);
        }
        if self.within(b"sshd_config.d/") || self.within(b"ssh_config.d/") {
            return Some(Format::Sshd);
        }
        if self.is_named_as_kubeconfig() && self.has(b"kind: Config") && self.has(b"apiVersion") {
            return Some(Format::Kubernetes);
        }
        if self.within(b"sites-available/") || self.within(b"sites-enabled/") {
            return Some(if self.has(b"<VirtualHost") { Format::Apache } else { Format::Nginx });
        }
        None
    }

    /// What tells the format of files with such an ending.
    fn of_ending(&self) -> Option<fn(&Self) -> Option<Format>> {
        let dot = self.name.iter().rposition(|byte| *byte == b'.')?;
        let by: fn(&Self) -> Option<Format> = match &self.name[dot + 1..] {
            b"tf" | b"tofu" | b"hcl" => |_| Some(Format::Terraform),
            b"tfvars" => |_| Some(Format::TerraformVariables),
            b"json" | b"jsonc" | b"template" => Self::json,
            b"yml" | b"yaml" => Self::yaml,
            b"bicep" => |_| Some(Format::Bicep),
            b"toml" => |_| Some(Format::Toml),
            b"ini" | b"cfg" | b"inf" => |_| Some(Format::Ini),
            b"cnf" => |_| Some(Format::Mysql),
            b"properties" => Self::properties,
            b"conf" | b"config" | b"vhost" => Self::conf,
            b"xml" => Self::xml,
            b"sh" | b"bash" | b"zsh" | b"ksh" => |_| Some(Format::Shell),
            b"py" => Self::python,
            b"rb" if self.within(b"environments/") || self.within(b"config/") => |_| Some(Format::Rails),
            b"php" if self.within(b"config/") => |file| file.has(b"return").then_some(Format::Laravel),
            _ => return None,
        };
        Some(by)
    }

    fn properties(&self) -> Option<Format> {
        let spring = self.name.starts_with(b"application") || self.name.starts_with(b"bootstrap");
        Some(if spring { Format::Spring } else { Format::Properties })
    }

    fn xml(&self) -> Option<Format> {
        let maven = self.name == b"settings.xml" || self.has(b"<settings");
        Some(if maven { Format::Maven } else { Format::Xml })
    }

    fn json(&self) -> Option<Format> {
        if self.ends(&[b".tf.json", b".tofu.json"]) {
            return Some(Format::TerraformJson);
        }
        if self.ends(&[b".tfvars.json"]) {
            return Some(Format::TerraformVariables);
        }
        if !self.text.trim_ascii_start().starts_with(b"{") && self.ends(&[b".template"]) {
            return self.has(b"AWS::").then_some(Format::CloudFormation);
        }
        if self.has(b"AWSTemplateFormatVersion") || (self.has(b"\"AWS::") && self.has(b"\"Resources\"")) {
            return Some(Format::CloudFormation);
        }
        if self.has(b"deploymentTemplate.json") || (self.has(b"\"Microsoft.") && self.has(b"\"resources\"")) {
            return Some(Format::Arm);
        }
        if self.has(b"\"Statement\"") && (self.has(b"\"Effect\"") || self.has(b"\"Version\"")) {
            return Some(Format::Policy);
        }
        if self.has(b"\"apiVersion\"") && self.has(b"\"kind\"") {
            return Some(Format::Kubernetes);
        }
        if self.has(b"\"openapi\"") || self.has(b"\"swagger\"") {
            return Some(Format::OpenApi);
        }
        self.ends(&[b".json", b".jsonc"]).then_some(Format::Json)
    }

    fn yaml(&self) -> Option<Format> {
        if self.within(b".github/workflows/") || self.name.starts_with(b"action.y") {
            return Some(Format::GithubActions);
        }
        if self.within(b".circleci/") {
            return Some(Format::CircleCi);
        }
        if self.ends(&[b".gitlab-ci.yml", b".gitlab-ci.yaml"]) || self.within(b".gitlab/ci/") {
            return Some(Format::GitlabCi);
        }
        if self.text.starts_with(b"#cloud-config") {
            return Some(Format::CloudInit);
        }
        let serverless = self.name.starts_with(b"serverless") && self.line_starts(b"resources:");
        if self.has(b"AWSTemplateFormatVersion")
            || ((self.has(b"AWS::") || self.has(b"Alexa::ASK::"))
                && (serverless || self.line_starts(b"Resources:")))
        {
            return Some(Format::CloudFormation);
        }
        if self.is_values_of_chart() {
            return Some(Format::Yaml);
        }
        if self.has(b"apiVersion") && self.has(b"kind") {
            return Some(Format::Kubernetes);
        }
        let compose = memchr::memmem::find(self.name, b"compose").is_some();
        if (compose || self.has(b"image:") || self.has(b"build:")) && self.line_starts(b"services:") {
            return Some(Format::Compose);
        }
        if self.name.starts_with(b"application") || self.name.starts_with(b"bootstrap.") {
            return Some(Format::Spring);
        }
        if self.line_starts(b"openapi:") || self.line_starts(b"swagger:") {
            return Some(Format::OpenApi);
        }
        if self.is_workflow() {
            return Some(Format::GithubActions);
        }
        if self.name.starts_with(b"azure-pipelines") || (self.line_starts(b"trigger:") && self.has(b"pool:"))
        {
            return Some(Format::AzurePipelines);
        }
        Some(if self.is_ansible() { Format::Ansible } else { Format::Yaml })
    }

    /// Values of a chart of Helm, which speak of all that manifests do.
    fn is_values_of_chart(&self) -> bool {
        let stem = self.name.strip_suffix(b".yaml").or_else(|| self.name.strip_suffix(b".yml"));
        stem.is_some_and(|stem| stem.starts_with(b"values") || stem.ends_with(b"values"))
            && !self.line_starts(b"kind:")
            && !self.line_starts(b"- ")
    }

    /// A workflow that is kept elsewhere.
    fn is_workflow(&self) -> bool {
        (self.line_starts(b"on:") || self.line_starts(b"\"on\":") || self.line_starts(b"'on':"))
            && self.line_starts(b"jobs:")
    }

    fn is_ansible(&self) -> bool {
        let list = self.line_starts(b"- ");
        let folder =
            [&b"tasks/"[..], b"handlers/", b"playbooks/", b"roles/"].iter().any(|folder| self.within(folder));
        let vars = [&b"group_vars/"[..], b"host_vars/", b"vars/", b"defaults/"]
            .iter()
            .any(|folder| self.within(folder));
        let told = [
            &b"hosts:"[..],
            b"ansible.builtin.",
            b"tasks:",
            b"become:",
            b"gather_facts:",
            b"import_playbook:",
            b"include_tasks:",
        ]
        .iter()
        .any(|word| self.has(word));
        (list && (folder || told)) || vars || self.name.starts_with(b"playbook")
    }

    fn conf(&self) -> Option<Format> {
        if self.has(b"<VirtualHost")
            || self.has(b"<Directory")
            || self.has(b"<Location")
            || self.within(b"apache2/")
            || self.within(b"httpd/")
        {
            return Some(Format::Apache);
        }
        let nginx = self.within(b"nginx/")
            || self.name.starts_with(b"nginx")
            || self.has(b"server {")
            || self.has(b"location /")
            || self.has(b"upstream ")
            || self.has(b"proxy_pass ");
        if nginx && (self.has(b";")) {
            return Some(Format::Nginx);
        }
        if self.has(b"<configuration") || self.text.trim_ascii_start().starts_with(b"<?xml") {
            return Some(Format::Xml);
        }
        if self.name.starts_with(b"redis") {
            return Some(Format::Redis);
        }
        if self.name.starts_with(b"mongo") {
            return Some(Format::Mongod);
        }
        if self.line_starts(b"[mysqld]") || self.line_starts(b"[client]") {
            return Some(Format::Mysql);
        }
        if self.line_starts(b"server ") || self.line_starts(b"http ") || self.line_starts(b"events ") {
            return Some(Format::Nginx);
        }
        Some(if self.line_starts(b"[") { Format::Ini } else { Format::Conf })
    }

    fn python(&self) -> Option<Format> {
        let settings = memchr::memmem::find(self.name, b"settings").is_some() || self.within(b"settings/");
        if settings || self.has(b"INSTALLED_APPS") {
            return Some(Format::Django);
        }
        (self.has(b"flask") || self.has(b"Flask") || memchr::memmem::find(self.name, b"config").is_some())
            .then_some(Format::Flask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_folders_with_a_say_are_known() {
        let source = include_str!("detect.rs").split("#[cfg(test)]").next().unwrap();
        let (_, code) = source.split_once("impl<'f> File").unwrap();
        // Whatever looks like a folder in the code is one.
        let told = code.split("b\"").skip(1).filter_map(|rest| rest.split_once('"')).map(|(text, _)| text);
        let mut seen = 0;
        for folder in told.filter(|text| text.len() > 1 && text.ends_with('/') && !text.contains(' ')) {
            seen += 1;
            assert!(FOLDERS.contains(&folder.as_bytes()), "{folder}");
        }
        assert!(seen >= FOLDERS.len() - 1, "{seen}");
    }

    #[test]
    fn what_has_a_format_may_have_one() {
        let source = include_str!("detect.rs").split("#[cfg(test)]").next().unwrap();
        let words: Vec<&str> =
            source.split("b\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let text = words.join("\n");
        let mut known = 0;
        for folder in FOLDERS {
            for word in &words {
                for name in [(*word).to_owned(), format!("x{word}"), format!("x.{word}"), format!("{word}.x")]
                {
                    let path = [*folder, name.as_bytes()].concat();
                    for text in ["", &text, "kind: Config\napiVersion: v1"] {
                        let detected = detect(path.as_slice().into(), text.as_bytes());
                        known += usize::from(detected.is_some());
                        assert!(detected.is_none() || may_have_one(path.as_slice().into()), "{name}");
                    }
                }
            }
        }
        assert!(known > 1000, "{known}");
        assert!(!may_have_one("lib/config.rs".into()) && !may_have_one("app/models/user.rb".into()));
    }
}
