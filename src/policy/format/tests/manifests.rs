//! What runs containers and pipelines.

use super::{Format, check};

#[test]
fn dockerfile_stages() {
    check(
        Format::Dockerfile,
        r#"# syntax=docker/dockerfile:1
ARG VERSION=latest
FROM --platform=linux/amd64 node:${VERSION} AS build
ENV A=1 B="two words" \
    # comment
    OTHER=$TOKEN
ENV OLD form value
ARG X
ARG LEVEL=two
RUN apt-get update && \
    apt-get install -y curl
RUN <<EOT bash
echo hi
curl -k https://x
EOT
COPY --chown=1:1 --from=x a b /dst/
ADD ["https://x/y.tgz", "/z"]
USER app
EXPOSE 22 80/tcp
FROM build
CMD ["redis-server", "--protected-mode", "no"]
HEALTHCHECK CMD curl x
"#,
        r#"
global  @2
  ARG  @2
    VERSION: "latest"  @2
stage "build"  @3
  FROM  @3
    -  @3
      platform: "linux/amd64"  @3
      image: "node:latest"  @3
      alias: "build"  @3
  RUN: ["apt-get update &&  apt-get install -y curl", "<<EOT bash\necho hi\ncurl -k https://x\nEOT"]  @10
  COPY  @16
    -  @16
      chown: "1:1"  @16
      from: "x"  @16
      destination: "/dst/"  @16
      sources: ["a", "b"]  @16
  ADD  @17
    -  @17
      destination: "/z"  @17
      sources: ["https://x/y.tgz"]  @17
  USER: ["app"]  @18
  EXPOSE: ["22", "80/tcp"]  @19
  ENV  @4
    A: "1"  @4
    B: "two words"  @4
    OTHER: →TOKEN  @6
    OLD: "form value"  @7
  ARG  @8
    X: null  @8
    LEVEL: "two"  @9
final  @20
  FROM  @20
    -  @20
      stage: "build"  @20
      image: "build"  @20
  USER: ["app"]  @20
  CMD: ["redis-server --protected-mode no"]  @21
  HEALTHCHECK: ["CMD curl x"]  @22
"#,
    );
}

#[test]
fn kubernetes_templates_of_helm() {
    check(
        Format::Kubernetes,
        r#"{{- if .Values.on }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "x.name" . }}
  labels:
    {{- include "x.labels" . | nindent 4 }}
    a: b
spec:
  template:
    spec:
      {{- with .Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- toYaml .Values.ctx | nindent 8 }}
      containers:
        - name: {{ .Chart.Name }}
          image: "{{ .Values.image.repo }}:latest"
          securityContext:
            privileged: true
          {{- toYaml .Values.extra | nindent 10 }}
          args:
          {{- range .Values.args }}
          - {{ . }}
          {{- end }}
{{- end }}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Secret
  metadata: {name: s}
  data: {p: eA==}
"#,
        r#"
Deployment  @2
  apiVersion: "apps/v1"  @2
  kind: "Deployment"  @3
  metadata  @4
    name: ?  @5
    labels  @6
      *: ?  @7
      a: "b"  @8
  spec  @9
    template  @10
      spec  @11
        imagePullSecrets: ?  @13
        securityContext: ?  @16
        containers  @18
          -  @19
            name: ?  @19
            image: <?, ":latest">  @20
            securityContext  @21
              privileged: true  @22
            *: ?  @23
            args: [?]  @24
Secret "s"  @33
  apiVersion: "v1"  @33
  kind: "Secret"  @34
  metadata  @35
    name: "s"  @35
  data  @36
    p: "eA=="  @36
"#,
    );
}

#[test]
fn compose_services() {
    check(
        Format::Compose,
        r#"version: "3"
x-common: &c
  restart: always
services:
  db:
    <<: *c
    image: postgres:${TAG:-latest}
    environment:
      - POSTGRES_PASSWORD=${PW}
      - A=b$$c
    ports: ["5432:5432", 80:80]
volumes:
  v:
"#,
        r#"
service "db"  @5
  restart: "always"  @3
  image: <"postgres:", default(→TAG, "latest")>  @7
  environment: [<"POSTGRES_PASSWORD=", →PW>, "A=b$c"]  @8
  ports: ["5432:5432", "80:80"]  @11
volume "v"  @13
  .: null  @13
"#,
    );
}

#[test]
fn ansible_tasks() {
    check(
        Format::Ansible,
        r#"- name: get
  get_url: url=http://x dest="/a b" force=no
  when: x
- ansible.builtin.uri:
    url: "https://{{ host }}/x"
    validate_certs: false
- block:
    - name: mode
      file: {path: /x, mode: "0777"}
  rescue:
    - shell: curl -k x
      args: {executable: /bin/bash}
"#,
        r#"
get_url "get"  @1
  name: "get"  @1
  get_url: "url=http://x dest=\"/a b\" force=no"  @2
  when: "x"  @3
  args  @2
    _raw: "url=http://x dest=\"/a b\" force=no"  @2
    url: "http://x"  @2
    dest: "/a b"  @2
    force: "no"  @2
uri  @4
  ansible.builtin.uri  @4
    url: <"https://", →host, "/x">  @5
    validate_certs: false  @6
  args  @4
    url: <"https://", →host, "/x">  @5
    validate_certs: false  @6
file "mode"  @8
  name: "mode"  @8
  file  @9
    path: "/x"  @9
    mode: "0777"  @9
  args  @9
    path: "/x"  @9
    mode: "0777"  @9
shell  @11
  shell: "curl -k x"  @11
  args  @11
    _raw: "curl -k x"  @11
    executable: "/bin/bash"  @12
block  @7
"#,
    );
}

#[test]
fn ansible_plays() {
    check(
        Format::Ansible,
        r#"- hosts: all
  become: yes
  vars: {pw: "{{ vault_pw }}"}
  tasks:
    - yum: name=x state=present
"#,
        r#"
yum  @5
  yum: "name=x state=present"  @5
  args  @5
    _raw: "name=x state=present"  @5
    name: "x"  @5
    state: "present"  @5
play  @1
  hosts: "all"  @1
  become: "yes"  @2
  vars  @3
    pw: →vault_pw  @3
"#,
    );
}

#[test]
fn gitlab_jobs() {
    check(
        Format::GitlabCi,
        r#"image: x:latest
variables: {A: b}
job:
  script:
    - !reference [.setup, script]
    - curl -k x
"#,
        r#"
pipeline  @1
  image: "x:latest"  @1
  variables  @2
    A: "b"  @2
job "job"  @3
  script: [reference([".setup", "script"]), "curl -k x"]  @4
"#,
    );
}

#[test]
fn github_workflows() {
    check(
        Format::GithubActions,
        r#"name: CI
on:
  pull_request_target:
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: {ref: "${{ github.head_ref }}"}
      - run: |
          echo "${{ github.event.issue.title }}"
"#,
        r#"
workflow "CI"  @1
  name: "CI"  @1
  on  @2
    pull_request_target: {}  @3
  jobs  @4
    a  @5
      runs-on: "ubuntu-latest"  @6
      steps  @7
        -  @8
          uses: "actions/checkout@v4"  @8
          with  @9
            ref: "${{ github.head_ref }}"  @9
        -  @10
          run: "echo \"${{ github.event.issue.title }}\"\n"  @10
"#,
    );
}
