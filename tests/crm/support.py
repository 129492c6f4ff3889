"""`velum-crm` for tests: on top of the command's own support, with credentials in files and a clock."""
import datetime
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "cli"))
import importlib.util  # noqa: E402

spec = importlib.util.spec_from_file_location("cli_support", os.path.join(HERE, "..", "cli", "support.py"))
cli = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cli)

CRM = os.path.join(cli.BUILD, "velum-crm")
MAP = os.path.join(cli.TOP, "docs", "examples", "orders", "complete-journey.yaml")
HEADER = ("household_id,store_id,basket_id,product_id,quantity,sales_value,retail_disc,coupon_disc,"
          "coupon_match_disc,week,transaction_timestamp\n")


def main():
    if not os.access(CRM, os.X_OK):
        print("skipped: there is no velum-crm in this build")
        sys.exit(77)
    cli.main()


def has_seams():
    with open(CRM, "rb") as program:
        return b"VELUM_TEST_CLOCK" in program.read()


def item(household, basket, product="1", quantity="1", value="1.00", at="2026-01-28T19:06:53", store="309"):
    return f"{household},{store},{basket},{product},{quantity},{value},0,0,0,5,{at}\n"


class Case(cli.Case):
    """A sample folder with households of the identifier ext:cj."""

    def households(self, count):
        self.sample(customers=1)
        rows = "".join(f"{i}\n" for i in range(1, count + 1))
        file = self.write("households.csv", "household_id\n" + rows)
        self.at("import", file, "--map",
                os.path.join(cli.TOP, "docs", "examples", "import", "cj_demographics.yaml"))
        self.till = self.credential("till", "order-capture", "orders")
        return self.data

    def credential(self, name, activity, domain, role="crm_module"):
        path = self.write(f"token-{name}", self.token(name, role, activity, domain) + "\n")
        os.chmod(path, 0o600)
        return path

    def crm(self, *arguments, code=0, token=None, typed=None, **environment):
        env = {name: value for name, value in os.environ.items() if not name.startswith("VELUM_D")}
        env.update({"HOME": self.top, "LC_ALL": "C.UTF-8", "VELUM_DATA": getattr(self, "data", ""),
                    **({"VELUM_TOKEN_FILE": token} if token else {}), **environment})
        done = subprocess.run([CRM, *map(str, arguments)], capture_output=True, text=True, input=typed or "",
                              timeout=cli.TIMEOUT_S, env=env, cwd=self.top)
        self.assertNotIn("Sanitizer", done.stderr)
        if code is not None:
            self.assertEqual(done.returncode, code, f"{arguments[:3]}: {done.stderr}\n{done.stdout[:600]}")
        return done

    def load(self, lines, code=0, **options):
        file = self.write("items.csv", HEADER + "".join(lines))
        done = self.crm("orders", "load", file, "--map", MAP, "--json", token=self.till, code=code, **options)
        return json.loads(done.stdout) if code == 0 else done

    def rejected(self):
        return self.read("items.csv.rejected.csv").splitlines()[1:]


def time_text(moment):
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
