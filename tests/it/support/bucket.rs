//! An S3 server from PyPI (moto) on a port of its own, with a bucket, and a door before it that can be closed in the middle of a load.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// The server makes a bucket and a user who may write to it, says how they are reached, and lets nobody else in.
const SERVER: &str = "
import json, os, sys
os.environ['INITIAL_NO_AUTH_ACTION_COUNT'] = '4'
from moto.server import ThreadedMotoServer
import boto3
server = ThreadedMotoServer(ip_address='127.0.0.1', port=0)
server.start()
host, port = server.get_host_and_port()
def client(name):
    return boto3.client(name, endpoint_url=f'http://{host}:{port}', aws_access_key_id='x', aws_secret_access_key='y', region_name='eu-central-1')
client('s3').create_bucket(Bucket='lake', CreateBucketConfiguration={'LocationConstraint': 'eu-central-1'})
users = client('iam')
users.create_user(UserName='writer')
policy = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': '*', 'Resource': '*'}]}
users.put_user_policy(UserName='writer', PolicyName='all', PolicyDocument=json.dumps(policy))
key = users.create_access_key(UserName='writer')['AccessKey']
print(json.dumps({'port': port, 'id': key['AccessKeyId'], 'secret': key['SecretAccessKey']}), flush=True)
sys.stdin.read()
";

/// Runs until it is dropped.
pub struct Bucket {
    server: Child,
    python: PathBuf,
    pub port: u16,
    /// Who may write: the access key's id and its secret.
    pub key: (String, String),
}

impl Bucket {
    pub fn start(python: &Path) -> Self {
        #[allow(clippy::disallowed_methods, reason = "the test runs the server itself")]
        let mut server = Command::new(python)
            .args(["-c", SERVER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = std::io::BufReader::new(server.stdout.take().unwrap());
        let mut lines = std::io::BufRead::lines(output).map(Result::unwrap);
        let told = lines.find(|line| line.starts_with('{')).unwrap();
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        let text = |name: &str| told[name].as_str().unwrap().to_owned();
        let (port, key) = (u16::try_from(told["port"].as_u64().unwrap()).unwrap(), (text("id"), text("secret")));
        Self { server, python: python.to_owned(), port, key }
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The names of the files that begin so.
    pub fn query_names(&self, prefix: &str) -> serde_json::Value {
        let script = "
import sys, json, boto3
client = boto3.client('s3', endpoint_url=sys.argv[1], aws_access_key_id=sys.argv[2], aws_secret_access_key=sys.argv[3], region_name='eu-central-1')
found = client.list_objects_v2(Bucket='lake', Prefix=sys.argv[4]).get('Contents', [])
uploads = client.list_multipart_uploads(Bucket='lake').get('Uploads', [])
print(json.dumps([one['Key'] for one in found + uploads]))
";
        self.ran(script, &[prefix])
    }

    /// The rows of a table's Parquet files, by a query of DuckDB on `files`.
    pub fn query(&self, table: &str, sql: &str) -> serde_json::Value {
        let script = "
import sys, json, io, boto3, pyarrow.parquet, pyarrow, duckdb
client = boto3.client('s3', endpoint_url=sys.argv[1], aws_access_key_id=sys.argv[2], aws_secret_access_key=sys.argv[3], region_name='eu-central-1')
names = [one['Key'] for one in client.list_objects_v2(Bucket='lake', Prefix=sys.argv[4]).get('Contents', []) if one['Key'].endswith('.parquet')]
files = pyarrow.concat_tables([pyarrow.parquet.read_table(io.BytesIO(client.get_object(Bucket='lake', Key=name)['Body'].read())) for name in names], promote_options='permissive')
print(json.dumps(duckdb.sql(sys.argv[5]).fetchall(), default=str))
";
        let prefix = format!("raw/shop/{table}/");
        self.ran(script, &[&prefix, sql])
    }

    /// A file of JSON.
    pub fn json(&self, name: &str) -> serde_json::Value {
        let script = "
import sys, boto3
client = boto3.client('s3', endpoint_url=sys.argv[1], aws_access_key_id=sys.argv[2], aws_secret_access_key=sys.argv[3], region_name='eu-central-1')
print(client.get_object(Bucket='lake', Key=sys.argv[4])['Body'].read().decode())
";
        self.ran(script, &[name])
    }

    /// The records of a table's files of JSON Lines.
    pub fn lines(&self, table: &str) -> serde_json::Value {
        let script = "
import sys, json, gzip, boto3
client = boto3.client('s3', endpoint_url=sys.argv[1], aws_access_key_id=sys.argv[2], aws_secret_access_key=sys.argv[3], region_name='eu-central-1')
names = [one['Key'] for one in client.list_objects_v2(Bucket='lake', Prefix=sys.argv[4]).get('Contents', []) if one['Key'].endswith('.jsonl.gz')]
texts = [gzip.decompress(client.get_object(Bucket='lake', Key=name)['Body'].read()).decode() for name in names]
print(json.dumps([json.loads(line) for text in texts for line in text.splitlines()]))
";
        self.ran(script, &[&format!("raw/shop/{table}/")])
    }

    fn ran(&self, script: &str, args: &[&str]) -> serde_json::Value {
        let (id, secret) = &self.key;
        #[allow(clippy::disallowed_methods, reason = "the test looks into the bucket itself")]
        let ran =
            Command::new(&self.python).args(["-c", script, &self.endpoint(), id, secret]).args(args).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        serde_json::from_slice(&ran.stdout).unwrap()
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Stands before the bucket and passes everything on, but holds up the first file of a table when it is told to.
pub struct Door {
    pub port: u16,
    is_closed: Arc<AtomicBool>,
    /// Somebody waits before the closed door.
    pub held: Arc<Notify>,
}

impl Door {
    /// Holds up what puts a file whose address has this in it.
    pub async fn before(bucket: &Bucket, part: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, to) = (listener.local_addr().unwrap().port(), bucket.port);
        let (is_closed, held) = (Arc::new(AtomicBool::new(true)), Arc::new(Notify::new()));
        let (closed, told) = (Arc::clone(&is_closed), Arc::clone(&held));
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let (closed, told) = (Arc::clone(&closed), Arc::clone(&told));
                tokio::spawn(async move { pass(caller, to, part, &closed, &told).await });
            }
        });
        Self { port, is_closed, held }
    }

    pub fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    pub fn open(&self) {
        self.is_closed.store(false, Ordering::SeqCst);
    }
}

async fn pass(caller: TcpStream, to: u16, part: &str, is_closed: &AtomicBool, held: &Notify) -> Option<()> {
    let (mut from, mut back) = caller.into_split();
    let (mut answers, mut asked) = TcpStream::connect(("127.0.0.1", to)).await.ok()?.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut answers, &mut back).await });
    let mut chunk = vec![0; 64 << 10];
    loop {
        let count = from.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        let said = String::from_utf8_lossy(&chunk[..count]);
        let puts = said.lines().any(|line| line.starts_with("PUT ") && line.contains(part));
        if puts && is_closed.load(Ordering::SeqCst) {
            held.notify_one();
            std::future::pending::<()>().await;
        }
        asked.write_all(&chunk[..count]).await.ok()?;
    }
}
