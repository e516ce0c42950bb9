#include "xwsh/commands.h"

#include "xwsh/command_run.h"
#include "xwsh/copy.h"
#include "xwsh/instructor.h"
#include "xwsh/log.h"
#include "xwsh/recordings_command.h"
#include "xwsh/vnc.h"

#define SET "WORLD[/MACHINE,...]"

static const struct xw_command commands[] = {
    {.name = "list",
     .operands = "",
     .options = XW_OPTION_LAB | XW_OPTION_JSON,
     .verb = XW_VERB_LIST,
     .summary = "your worlds",
     .details =
         "Lists your worlds: how many machines each has, how many of them run, and when the\n"
         "lab opens or closes. A team's world, which its members share, is LAB:@TEAM.\n"
         "Instructors see with --lab all worlds of a lab, and when each was last used.\n\n"
         "  list\n"
         "  list --json          the same for a program\n"
         "  list --lab firewall  every world of it, for its instructors\n",
     .run = xw_run_list},
    {.name = "status",
     .operands = "WORLD",
     .operands_min = 1,
     .operands_max = 1,
     .options = XW_OPTION_TOPOLOGY | XW_OPTION_PLAIN | XW_OPTION_JSON,
     .verb = XW_VERB_STATUS,
     .summary = "the machines of a world",
     .details =
         "Lists the machines of a world: state, memory, addresses; and when the lab opens or\n"
         "closes. With --topology it draws how they are connected: segments as double lines,\n"
         "machines as boxes on them. With --plain that is told in sentences.\n\n"
         "  status firewall\n"
         "  status firewall:@blue    the world that the team blue shares\n"
         "  status firewall --topology\n"
         "  status firewall --topology --plain\n"
         "  status firewall --json\n",
     .run = xw_run_list},
    {.name = "start",
     .operands = SET,
     .operands_min = 1,
     .operands_max = 1,
     .options = XW_OPTION_WAIT | XW_OPTION_TIMEOUT | XW_OPTION_JSON,
     .verb = XW_VERB_START,
     .summary = "start machines",
     .details =
         "Starts machines. Those that run already go on; one that is suspended goes on where\n"
         "it was, in about a second. --wait waits until the console of each shows a login\n"
         "prompt, for at most 300 s or --timeout; --wait=running until it runs.\n\n"
         "  start firewall               all machines of the world\n"
         "  start firewall/router        one\n"
         "  start firewall/web,client    two\n"
         "  start firewall --wait --timeout 120 && echo all are up\n",
     .run = xw_run_action},
    {.name = "stop",
     .operands = SET,
     .operands_min = 1,
     .operands_max = 1,
     .options = XW_OPTION_WAIT | XW_OPTION_TIMEOUT | XW_OPTION_FORCE | XW_OPTION_JSON,
     .verb = XW_VERB_STOP,
     .summary = "shut machines down",
     .details = "Asks machines to shut down, and switches off those that have not done so after a\n"
                "while. With --force they are switched off at once: what they had not written\n"
                "to their disks is lost. A suspended machine stays so, but for --force: then what\n"
                "was saved of its memory is thrown away. With --wait it is checked that they\n"
                "are off, and --timeout ends the waiting sooner; the machines go on to stop.\n\n"
                "  stop firewall\n"
                "  stop firewall/web --force\n",
     .run = xw_run_action},
    {.name = "reboot",
     .operands = SET,
     .operands_min = 1,
     .operands_max = 1,
     .options = XW_OPTION_WAIT | XW_OPTION_TIMEOUT | XW_OPTION_FORCE | XW_OPTION_JSON,
     .verb = XW_VERB_REBOOT,
     .summary = "restart machines",
     .details =
         "Asks machines to restart, and does not wait for it, unless you say --wait: then until\n"
         "the console of each shows a login prompt, for at most 300 s or --timeout. With --force\n"
         "they are reset at once: what they had not written to their disks is lost.\n\n"
         "  reboot firewall/router\n"
         "  reboot firewall/router --force --wait\n",
     .run = xw_run_action},
    {.name = "console",
     .operands = "WORLD/MACHINE",
     .operands_min = 1,
     .operands_max = 1,
     .options = XW_OPTION_TAKE | XW_OPTION_RECORD,
     .verb = XW_VERB_CONSOLE,
     .summary = "use a machine's serial console",
     .details =
         "Connects your terminal to the serial console of a machine. Press Enter if nothing\n"
         "shows. ^] (Ctrl and ]) leaves, or shows what else there is; the machine goes on.\n"
         "If its world is suspended, that goes on first, where it was.\n"
         "Several can be at one console: everybody sees the same, and everybody can type.\n"
         "With --take an instructor is the only one who types, until they leave.\n"
         "With --record, or by ^] and r, what the machine shows is recorded; see 'help\n"
         "recordings'.\n\n"
         "  console firewall/router      from your computer: ssh -t HOST console ...\n"
         "  console firewall/router --record\n",
     .run = xw_run_console},
    {.name = "watch",
     .operands = "WORLD/MACHINE",
     .operands_min = 1,
     .operands_max = 1,
     .options = XW_OPTION_RECORD,
     .verb = XW_VERB_WATCH,
     .summary = "look at a machine's console without typing",
     .details = "Shows the serial console of a machine. Your keys go nowhere; who is at the\n"
                "console is told that you watch. ^] (Ctrl and ]) leaves.\n\n"
                "  watch firewall/router        from your computer: ssh -t HOST watch ...\n",
     .run = xw_run_console},
    {.name = "vnc",
     .operands = "WORLD/MACHINE",
     .operands_min = 1,
     .operands_max = 1,
     .verb = XW_VERB_VNC,
     .summary = "a machine's screen, for a VNC viewer",
     .details =
         "Gives the screen, keyboard and mouse of a machine to a VNC viewer on your own computer,\n"
         "over standard input and output; a terminal can't show it. Which machines have a screen\n"
         "is their instructor's to say; 'status' names them. Several can look at one. If its\n"
         "world is suspended, that goes on first, where it was.\n\n"
         "On your own computer, with socat and a VNC viewer such as TigerVNC:\n\n"
         "  xworlds-vnc HOST firewall/web     the script of the lab, see xwsh(1)\n\n"
         "or by hand:\n\n"
         "  socat TCP-LISTEN:5901,bind=127.0.0.1 EXEC:'ssh HOST vnc firewall/web' &\n"
         "  vncviewer 127.0.0.1:1\n",
     .run = xw_run_vnc},
    {.name = "log",
     .operands = "WORLD/MACHINE",
     .operands_min = 1,
     .operands_max = 1,
     .options = XW_OPTION_LINES | XW_OPTION_FOLLOW | XW_OPTION_JSON,
     .verb = XW_VERB_WATCH,
     .summary = "what a machine has printed on its console",
     .details =
         "Prints what is kept of a machine's serial console, 64 KiB at most, as lines of text:\n"
         "also of a machine that is off, and of how it ended. With --lines only the last N lines;\n"
         "with --follow it goes on with what comes, until the machine stops or you press ^C.\n"
         "Who is at the console of a machine is told that you watch.\n\n"
         "  log firewall/web | less\n"
         "  log firewall/web --lines 20\n"
         "  log firewall/web --follow\n"
         "  log firewall/web --json      a list of lines\n",
     .run = xw_run_log},
    {.name = "copy",
     .operands = "WORLD/MACHINE:PATH | - WORLD/MACHINE:PATH",
     .operands_min = 1,
     .operands_max = 2,
     .options = XW_OPTION_TAR,
     .verb = XW_VERB_COPY_FROM,
     .summary = "files to and from your computer",
     .details =
         "Copies a file out of a machine to standard output or, with - first, from standard\n"
         "input into one. Your computer's shell names the file there. With --tar it is an\n"
         "archive of a directory, or one to be unpacked below it. No network is needed; the\n"
         "machine has to run, with the lab's own program in its image. The lab limits how much\n"
         "can be copied at a time. Look at what comes out of a machine as at a stranger's:\n"
         "unpack it into an empty directory, and never as root.\n\n"
         "from your computer:\n"
         "  ssh HOST copy firewall/web:/etc/hosts >hosts\n"
         "  ssh HOST copy - firewall/web:/root/notes <notes\n"
         "  ssh HOST copy --tar firewall/web:/var/log | tar -xkf - -C empty\n"
         "  tar -cf - site | ssh HOST copy --tar - firewall/web:/root\n",
     .run = xw_run_copy},
    {.name = "recordings",
     .operands = "[get|delete NAME]",
     .operands_max = 2,
     .options = XW_OPTION_JSON,
     .summary = "your recordings of consoles",
     .details =
         "Lists what you have recorded of consoles, by ^] and r there or by console --record;\n"
         "prints one, for a file on your computer; or deletes one. What the machine shows is\n"
         "recorded, not your keys: a password is in it only where the machine shows it. The\n"
         "format is that of asciinema, whose players show it: asciicast v2.\n\n"
         "  recordings\n"
         "  recordings get NAME          from your computer: ssh HOST recordings get NAME >NAME\n"
         "                               then: asciinema play NAME\n"
         "  recordings delete NAME\n",
     .run = xw_run_recordings},
    {.name = "checkpoint",
     .operands = "create|list|delete " SET " [NAME]",
     .operands_min = 2,
     .operands_max = 3,
     .options = XW_OPTION_TEXT | XW_OPTION_YES | XW_OPTION_JSON,
     .verb = XW_VERB_CHECKPOINTS,
     .summary = "keep states to go back to",
     .details =
         "Keeps the state of machines under a name, so that 'revert' can bring it back: the\n"
         "disk, and of a machine that runs its memory, too. Those of a whole world are all of\n"
         "one instant. A name has small letters, digits and hyphens; -m adds a line of text.\n"
         "Deleting one changes nothing in the machine. On a terminal you are asked first,\n"
         "unless you give --yes. A lab may want your password, which takes a terminal.\n\n"
         "  checkpoint create firewall/web works -m 'before I touch nginx'\n"
         "  checkpoint create firewall works         all its machines, at one instant\n"
         "  checkpoint list firewall                 add --json for a program\n"
         "  revert firewall/web works\n"
         "  checkpoint delete firewall/web works\n",
     .run = xw_run_checkpoint},
    {.name = "revert",
     .operands = SET " [CHECKPOINT]",
     .operands_min = 1,
     .operands_max = 2,
     .options = XW_OPTION_WAIT | XW_OPTION_TIMEOUT | XW_OPTION_YES | XW_OPTION_JSON,
     .verb = XW_VERB_REVERT,
     .summary = "put machines back to a state",
     .details =
         "Puts machines back to the state in which you got them, or to a checkpoint of yours.\n"
         "Everything that has been changed since then is lost; checkpoints stay. On a\n"
         "terminal you are asked first, unless you give --yes. A lab may want your\n"
         "password, which takes a terminal. --wait waits for the login prompts of those that\n"
         "ran, and so boot again, for at most 300 s or --timeout.\n\n"
         "  revert firewall/web\n"
         "  revert firewall/web works    to the checkpoint 'works'\n"
         "  revert firewall --yes        the whole world, without a question\n",
     .run = xw_run_action},
    {.name = "who-can",
     .operands = "LAB",
     .operands_min = 1,
     .operands_max = 1,
     .options = XW_OPTION_JSON,
     .verb = XW_VERB_GRANTS,
     .teaching = true,
     .summary = "who may use a lab",
     .details = "Lists who may use a lab that you look after: the groups of its students, teams\n"
                "and instructors, with their members; users whom its file names; when it opens\n"
                "or closes, and for whom later.\n\n"
                "  who-can firewall\n"
                "  who-can firewall --json\n",
     .run = xw_run_who_can},
    {.name = "extend",
     .operands = "LAB USER TIME|--none",
     .operands_min = 2,
     .operands_max = 4,
     .options = XW_OPTION_NONE,
     .verb = XW_VERB_EXTEND,
     .teaching = true,
     .summary = "keep a lab open for one user",
     .details =
         "Keeps a lab that you look after open for one user or @TEAM, longer than for others.\n"
         "TIME is 30m, 12h, 2d or 1w, counted from the closing or, once that is past, from now;\n"
         "or a time of the lab's host. It takes the place of an earlier one. --none takes it "
         "back.\n"
         "The world must be there.\n\n"
         "  extend firewall alice 2d\n"
         "  extend firewall @blue 2026-12-03 08:00\n"
         "  extend firewall alice --none\n",
     .run = xw_run_extend},
    {.name = "prepare",
     .operands = "LAB USER...",
     .operands_min = 2,
     .operands_max = XW_WORDS_MAX,
     .verb = XW_VERB_DEPLOY,
     .teaching = true,
     .summary = "make worlds before their owners log in",
     .details =
         "Makes the worlds of these users or @TEAMs in a lab that you look after, as their next\n"
         "login would. What is there already stays as it is, and nothing is started.\n\n"
         "  prepare firewall alice bob\n"
         "  prepare firewall @blue\n",
     .run = xw_run_prepare},
    {.name = "help",
     .operands = "[COMMAND]",
     .operands_max = 1,
     .summary = "explain a command",
     .details = "Lists the commands, or explains one with examples.\n\n"
                "  help\n"
                "  help revert\n",
     .run = xw_run_help},
    {.name = "version",
     .operands = "",
     .summary = "print the version",
     .details = "Prints the version of this program and of the protocol that it speaks.\n",
     .run = xw_run_version},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

const struct xw_command *xw_commands(size_t *count)
{
    *count = COMMANDS;
    return commands;
}
