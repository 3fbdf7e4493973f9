//! Settings of servers and applications.

use super::{Format, check};

#[test]
fn mysql_sections() {
    check(
        Format::Mysql,
        r#"[mysqld]
skip-grant-tables
bind-address = 0.0.0.0 # all
[client]
user=root
"#,
        r#"
-  @1
  mysqld  @1
    skip_grant_tables: null  @2
    bind_address: "0.0.0.0"  @3
  client  @4
    user: "root"  @5
"#,
    );
}

#[test]
fn spring_properties() {
    check(
        Format::Spring,
        r#"management.endpoints.web.exposure.include=*
spring.h2.console.enabled = true
a.b=one \
  two
p=${PW:x}
"#,
        r#"
-  @1
  management  @1
    endpoints  @1
      web  @1
        exposure  @1
          include: "*"  @1
  spring  @2
    h2  @2
      console  @2
        enabled: true  @2
  a  @3
    b: "one    two"  @3
  p: →PW  @5
"#,
    );
}

#[test]
fn spring_yaml() {
    check(
        Format::Spring,
        r#"management.endpoints:
  web.exposure.include: "*"
---
spring:
  profiles: dev
"#,
        r#"
-  @1
  management  @1
    endpoints  @1
      web  @2
        exposure  @2
          include: "*"  @2
-  @4
  spring  @4
    profiles: "dev"  @5
"#,
    );
}

#[test]
fn dotenv() {
    check(
        Format::Env,
        r#"# c
export A=b # c
DEBUG=True
KEY="multi
line"
X='$a'
Y=$a-b
bad
"#,
        r#"
-  @2
  A: "b"  @2
  DEBUG: true  @3
  KEY: "multi\nline"  @4
  X: "$a"  @6
  Y: <→a, "-b">  @7
note: has no equals sign  @8
"#,
    );
}

#[test]
fn toml_goes_on_after_an_error() {
    check(
        Format::Toml,
        r#"a = "b"
n = 1_000
[t.u]
k = [1, "x", {z = true}]
[[arr]]
q = 'w'
bad =
ok = 1
"#,
        r#"
-  @1
  a: "b"  @1
  n: 1000  @2
  t  @3
    u  @3
      k  @4
        -: 1  @4
        -: "x"  @4
        -  @4
          z: true  @4
  arr  @5
    -  @5
      q: "w"  @6
      bad: ""  @7
      ok: 1  @8
note: string values must be quoted, expected literal string  @7
"#,
    );
}

#[test]
fn nginx_blocks() {
    check(
        Format::Nginx,
        r#"user nginx;
http {
  ssl_protocols TLSv1 TLSv1.2;
  server {
    listen 443 ssl; server_name a.b;
    add_header X-Y "a; b";
    location ~ ^/x{2}/ { alias /data/; }
    location /i { if ($a = "b") { return 301 https://$host$uri; } }
    content_by_lua_block { if x then return {} end }
  }
}
"#,
        r#"
main  @1
  user: ["nginx"]  @1
  http  @2
    -  @2
      _: ""  @2
      ssl_protocols: ["TLSv1 TLSv1.2"]  @3
      server  @4
        -  @4
          _: ""  @4
          listen: ["443 ssl"]  @5
          server_name: ["a.b"]  @5
          add_header: ["X-Y a; b"]  @6
          location  @7
            -  @7
              _: "~ ^/x{2}/"  @7
              alias: ["/data/"]  @7
            -  @8
              _: "/i"  @8
              if  @8
                -  @8
                  _: "($a = b )"  @8
                  return: ["301 https://$host$uri"]  @8
          content_by_lua_block: [?]  @9
http  @2
  _: ""  @2
  ssl_protocols: ["TLSv1 TLSv1.2"]  @3
  server  @4
    -  @4
      _: ""  @4
      listen: ["443 ssl"]  @5
      server_name: ["a.b"]  @5
      add_header: ["X-Y a; b"]  @6
      location  @7
        -  @7
          _: "~ ^/x{2}/"  @7
          alias: ["/data/"]  @7
        -  @8
          _: "/i"  @8
          if  @8
            -  @8
              _: "($a = b )"  @8
              return: ["301 https://$host$uri"]  @8
      content_by_lua_block: [?]  @9
server  @4
  _: ""  @4
  listen: ["443 ssl"]  @5
  server_name: ["a.b"]  @5
  add_header: ["X-Y a; b"]  @6
  location  @7
    -  @7
      _: "~ ^/x{2}/"  @7
      alias: ["/data/"]  @7
    -  @8
      _: "/i"  @8
      if  @8
        -  @8
          _: "($a = b )"  @8
          return: ["301 https://$host$uri"]  @8
  content_by_lua_block: [?]  @9
location "~ ^/x{2}/"  @7
  _: "~ ^/x{2}/"  @7
  alias: ["/data/"]  @7
location "/i"  @8
  _: "/i"  @8
  if  @8
    -  @8
      _: "($a = b )"  @8
      return: ["301 https://$host$uri"]  @8
if "($a = b )"  @8
  _: "($a = b )"  @8
  return: ["301 https://$host$uri"]  @8
"#,
    );
}

#[test]
fn apache_sections() {
    check(
        Format::Apache,
        r#"ServerTokens Full
<VirtualHost *:443>
  SSLProtocol all \
     -SSLv3
  <Directory "/var/www">
    Options Indexes FollowSymLinks
  </Directory>
</VirtualHost>
"#,
        r#"
main  @1
  servertokens: ["Full"]  @1
  virtualhost  @2
    -  @2
      _: "*:443"  @2
      sslprotocol: ["all -SSLv3"]  @3
      directory  @5
        -  @5
          _: "/var/www"  @5
          options: ["Indexes FollowSymLinks"]  @6
virtualhost "*:443"  @2
  _: "*:443"  @2
  sslprotocol: ["all -SSLv3"]  @3
  directory  @5
    -  @5
      _: "/var/www"  @5
      options: ["Indexes FollowSymLinks"]  @6
directory "/var/www"  @5
  _: "/var/www"  @5
  options: ["Indexes FollowSymLinks"]  @6
"#,
    );
}

#[test]
fn sshd_match_blocks() {
    check(
        Format::Sshd,
        r#"#PermitRootLogin yes
PermitRootLogin no
Port 22
Match User x
  PasswordAuthentication yes
"#,
        r#"
-  @2
  permitrootlogin: ["no"]  @2
  port: [22]  @3
match "User x"  @4
  passwordauthentication: ["yes"]  @5
"#,
    );
}

#[test]
fn pg_hba_lines() {
    check(
        Format::PgHba,
        r#"local all all peer
host all all 0.0.0.0/0 md5
host db u 10.0.0.1 255.255.255.255 trust clientcert=1
"#,
        r#"
hba "local"  @1
  type: "local"  @1
  database: "all"  @1
  user: "all"  @1
  method: "peer"  @1
hba "host"  @2
  type: "host"  @2
  database: "all"  @2
  user: "all"  @2
  address: "0.0.0.0/0"  @2
  method: "md5"  @2
hba "host"  @3
  type: "host"  @3
  database: "db"  @3
  user: "u"  @3
  address: "10.0.0.1"  @3
  mask: "255.255.255.255"  @3
  method: "trust"  @3
  options: "clientcert=1"  @3
"#,
    );
}

#[test]
fn postgresql_lines() {
    check(
        Format::Postgresql,
        r#"listen_addresses = '*'   # what
ssl = off
"#,
        r#"
-  @1
  listen_addresses: ["*"]  @1
  ssl: ["off"]  @2
"#,
    );
}

#[test]
fn redis_lines() {
    check(
        Format::Redis,
        r#"protected-mode no
bind 0.0.0.0
# requirepass x
"#,
        r#"
-  @1
  protected-mode: ["no"]  @1
  bind: ["0.0.0.0"]  @2
"#,
    );
}

#[test]
fn xml_elements() {
    check(
        Format::Maven,
        r#"<?xml version="1.0"?><!-- c -->
<settings xmlns="x"><servers><server><id>a</id><password>pw &amp; x</password></server><server/></servers>
<mirror blocked="true">t</mirror></settings>
"#,
        r#"
settings  @2
  xmlns: "x"  @2
  servers  @2
    -  @2
      server  @2
        -  @2
          id: ["a"]  @2
          password: ["pw & x"]  @2
        -: null  @2
  mirror  @3
    -  @3
      blocked: "true"  @3
      _: "t"  @3
"#,
    );
}

#[test]
fn python_settings() {
    check(
        Format::Django,
        r#""""
DEBUG = False
"""
import os
DEBUG = True
SETTING = os.environ.get("X", "y")
NAME: str = 'abc' # c
ALLOWED_HOSTS = ["*"]
DATABASES = {
    'default': {'ENGINE': 'x', 'NAME': 'p', 'HOST': env('H')},
}
X = 'a' + 'b'
app.config['TESTING'] = True
def f():
    DEBUG = 3
T = ('a', 'b')
"#,
        r#"
settings  @5
  DEBUG: true  @5
  SETTING: ?  @6
  NAME: "abc"  @7
  ALLOWED_HOSTS: ["*"]  @8
  DATABASES  @9
    default  @10
      ENGINE: "x"  @10
      NAME: "p"  @10
      HOST: ?  @10
  X: ?  @12
  config  @13
    TESTING: true  @13
  T: ["a", "b"]  @16
"#,
    );
}

#[test]
fn ruby_settings() {
    check(
        Format::Rails,
        r##"Rails.application.configure do
  config.force_ssl = false # x
  config.action_dispatch.show = :all
  config.hosts << "x"
  config.session = { secure: false, :httponly => true, key: ENV["X"] }
  config.x = "#{y}"
end
"##,
        r##"
settings  @2
  config  @2
    force_ssl: false  @2
    action_dispatch  @3
      show: "all"  @3
    session  @5
      secure: false  @5
      httponly: true  @5
      key: ?  @5
    x: ?  @6
"##,
    );
}

#[test]
fn php_settings() {
    check(
        Format::Laravel,
        r#"<?php
return [
    'debug' => true,
    'key' => env('APP_KEY'),
    'n' => ['a' => 'b', 'c' => X::class], // c
    'url' => "x$y",
];
"#,
        r#"
settings  @3
  debug: true  @3
  key: ?  @4
  n  @5
    a: "b"  @5
    c: ?  @5
  url: ?  @6
"#,
    );
}

#[test]
fn npmrc_keys() {
    check(
        Format::Npmrc,
        r#"//registry.npmjs.org/:_authToken=${NPM_TOKEN}
strict-ssl=false
"#,
        r#"
-  @1
  //registry.npmjs.org/:_authToken: →NPM_TOKEN  @1
  strict-ssl: false  @2
"#,
    );
}

#[test]
fn shell_lines() {
    check(
        Format::Shell,
        r#"#!/bin/sh
# c
curl \
  -k x
"#,
        r#"
line  @3
  .: "curl    -k x"  @3
"#,
    );
}
