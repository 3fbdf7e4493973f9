//! Templates of clouds, and policies.

use super::{Format, check};

#[test]
fn cloudformation_functions() {
    check(
        Format::CloudFormation,
        r##"AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Pw: {Type: String, Default: x, NoEcho: true}
Conditions:
  Prod: !Equals [!Ref Env, prod]
Resources:
  B:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub "${AWS::StackName}-logs"
      AccessControl: !If [Prod, Private, PublicRead]
      X: !GetAtt A.Arn
      Y: {"Fn::Join": ["", ["a", !Ref Pw, "b"]]}
      Z: !Join [",", [a, b]]
      M: !FindInMap [A, !Ref "AWS::Region", b]
      U: !Base64 |
        #!/bin/bash
"##,
        r##"
template  @1
  AWSTemplateFormatVersion: "2010-09-09"  @1
parameter "Pw"  @3
  Type: "String"  @3
  Default: "x"  @3
  NoEcho: true  @3
condition "Prod"  @5
  .: Fn::Equals(→Env, "prod")  @5
AWS::S3::Bucket "B"  @7
  Type: "AWS::S3::Bucket"  @8
  Properties  @9
    BucketName: <→AWS::StackName, "-logs">  @10
    AccessControl: if("Prod", "Private", "PublicRead")  @11
    X: →A.Arn  @12
    Y: <"a", →Pw, "b">  @13
    Z: "a,b"  @14
    M: Fn::FindInMap("A", →AWS::Region, "b")  @15
    U: Fn::Base64("#!/bin/bash\n")  @16
"##,
    );
}

#[test]
fn arm_expressions_and_resources_inside_others() {
    check(
        Format::Arm,
        r#"{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
 "parameters": {"n": {"type": "string", "defaultValue": "x"}},
 "variables": {"v": "[concat(parameters('n'), '-y')]", "w": true},
 "resources": [ // c
  {"type": "Microsoft.Storage/storageAccounts", "name": "[parameters('n')]", "properties": {"allowBlobPublicAccess": "[variables('w')]", "k": "[if(equals(1,2),'a','b')]", "z": "[reference(resourceId('a','b')).id]", "t": "[[x]"},
   "resources": [{"type": "blobServices/containers", "name": "c", "properties": {"publicAccess": "Blob"}}]}]}
"#,
        r#"
parameter "n"  @2
  type: "string"  @2
  defaultValue: "x"  @2
variable "v"  @3
  default: <→n, "-y">  @3
variable "w"  @3
  default: true  @3
Microsoft.Storage/storageAccounts  @5
  type: "Microsoft.Storage/storageAccounts"  @5
  name: →n  @5
  properties  @5
    allowBlobPublicAccess: →w  @5
    k: if(equals(1, 2), "a", "b")  @5
    z: [](reference(resourceId("a", "b")), "id")  @5
    t: "[x]"  @5
  resources  @6
    -  @6
      type: "blobServices/containers"  @6
      name: "c"  @6
      properties  @6
        publicAccess: "Blob"  @6
Microsoft.Storage/storageAccounts/blobServices/containers "c"  @6
  type: "blobServices/containers"  @6
  name: "c"  @6
  properties  @6
    publicAccess: "Blob"  @6
"#,
    );
}

#[test]
fn bicep_into_the_blocks_of_arm() {
    check(
        Format::Bicep,
        r#"@secure()
@description('x')
param pw string = 'abc'
param loc string
var w = true
resource sa 'Microsoft.Storage/storageAccounts@2021-02-01' = {
  name: 'x${pw}'
  location: loc
  properties: {
    allowBlobPublicAccess: w ? true : false
    list: [
      'a'
      pw
    ]
  }
  resource blob 'blobServices@2021' = { name: 'default' }
}
resource r 'Microsoft.Sql/servers@2020' = [for i in range(0, 2): if (w) {
  name: i
  id: sa.properties.id
}]
resource e 'Microsoft.KeyVault/vaults@2020' existing = {
  name: 'kv'
}
module m './x.bicep' = if (w == true) { name: 'm', params: { a: sa.outputs.b } }
output o string = sa.id
"#,
        r#"
parameter "pw"  @3
  secure: true  @1
  description: "x"  @2
  type: "string"  @3
  defaultValue: "abc"  @3
parameter "loc"  @4
  type: "string"  @4
variable "w"  @5
  default: true  @5
Microsoft.Storage/storageAccounts "sa"  @6
  name: <"x", →pw>  @7
  location: →loc  @8
  properties  @9
    allowBlobPublicAccess: if(→w, true, false)  @10
    list: ["a", →pw]  @11
Microsoft.Storage/storageAccounts/blobServices "blob"  @16
  name: "default"  @16
Microsoft.Sql/servers "r"  @18
  name: →i  @19
  id: →sa.properties.id  @20
  for: for("i", range(0, 2), null, null, true)  @18
  condition: →w  @18
existing "e"  @22
  name: "kv"  @23
module "m"  @25
  name: "m"  @25
  params  @25
    a: →sa.outputs.b  @25
  condition: ==(→w, true)  @25
output "o"  @26
  type: "string"  @26
  value: →sa.id  @26
"#,
    );
}

#[test]
fn policies_are_of_the_kind_policy() {
    check(
        Format::Policy,
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
"#,
        r#"
policy  @1
  Version: "2012-10-17"  @1
  Statement  @1
    -  @1
      Effect: "Allow"  @1
      Action: "*"  @1
      Resource: "*"  @1
"#,
    );
}
