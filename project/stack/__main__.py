"""Command line: `python -m project.stack run | exec -- COMMAND`."""

import argparse
import sys
from pathlib import Path

from project.stack import commands, screen
from project.stack.errors import StackError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m project.stack", description="The embedded stack.")
    subcommands = parser.add_subparsers(dest="subcommand", required=True)
    run = subcommands.add_parser("run", help="start everything and keep it running")
    run.add_argument("--home", type=Path, help="where state is kept (default: VOX_HOME, or var)")
    run.add_argument("--port", type=int, help="of the web server; 0: a free one (default: PORT, or 8000)")
    run.add_argument("--flower-port", type=int, help="0: a free one (default: FLOWER_PORT, or 5555)")
    execute = subcommands.add_parser("exec", help="run a command beside throw-away servers")
    execute.add_argument("--fsync", action="store_true", help="make the database wait for the disk")
    execute.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND ...")
    options = parser.parse_args()
    try:
        if options.subcommand == "run":
            return commands.run(commands.RunOptions(options.home, options.port, options.flower_port))
        command = options.command[1:] if options.command[:1] == ["--"] else options.command
        if not command:
            parser.error("exec needs a command")
        return commands.execute(command, durable=options.fsync)
    except StackError as error:
        screen.fail(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())
