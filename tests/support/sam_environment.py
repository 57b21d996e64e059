"""Runs under AWS SAM CLI's own interpreter: prints the variables that `sam local invoke` would give each function.

    .tools/sam/bin/python sam_environment.py TEMPLATE ENV_JSON NAME=VALUE…     the last are parameter overrides

Up to the container, that is all `sam local` does: read the template with its conditions, then put the file over it.
"""

import json
import sys
from pathlib import Path

from samcli.commands.local.lib.local_lambda import LocalLambdaRunner
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider

template, environment, *overrides = sys.argv[1:]
parameters = dict(each.split("=", 1) for each in overrides)
stacks, _ = SamLocalStackProvider.get_stacks(template, parameter_overrides=parameters)
functions = SamFunctionProvider(stacks)
given = json.loads(Path(environment).read_text())
runner = LocalLambdaRunner(None, functions, ".", None, env_vars_values=given)
resolved = {each.name: runner._make_env_vars(each).resolve() for each in functions.get_all()}
sys.stdout.write(json.dumps(resolved))
