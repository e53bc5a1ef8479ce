// Runs one command-line test: see README.md.
#include <fcntl.h>
#include <fmt/format.h>
#include <re2/re2.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::optional<std::string> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(in), {}};
}

void write_file(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

struct Script {
  std::vector<std::pair<size_t, std::string>> commands;    // line number, text
  std::vector<std::pair<std::string, std::string>> files;  // name, content
};

Script parse(const std::string& text) {
  Script out;
  size_t number = 0;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    ++number;
    std::string name;
    if (RE2::FullMatch(line, "-- (.+) --", &name)) {
      out.files.emplace_back(name, "");
    } else if (!out.files.empty()) {
      out.files.back().second += line + "\n";
    } else if (!line.empty() && line[0] != '#') {
      out.commands.emplace_back(number, line);
    }
  }
  return out;
}

// Words of a line: 'quoted as is', the rest split at spaces.
std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> out;
  for (size_t i = 0; i < line.size();) {
    if (line[i] == ' ') {
      ++i;
    } else if (line[i] == '\'') {
      size_t end = std::min(line.find('\'', i + 1), line.size());
      out.push_back(line.substr(i + 1, end - i - 1));
      i = end + 1;
    } else {
      size_t end = std::min(line.find(' ', i), line.size());
      out.push_back(line.substr(i, end - i));
      i = end;
    }
  }
  return out;
}

class Runner {
 public:
  Runner(fs::path script, bool update) : script_(std::move(script)), update_(update) {
    std::string pattern = (fs::temp_directory_path() / "weir-e2e-XXXXXX").string();
    work_ = mkdtemp(pattern.data());
  }
  ~Runner() { fs::remove_all(work_); }

  int run(const fs::path& weir, const std::string& tree) {
    std::string text = read_file(script_).value_or("");
    Script script = parse(text);
    for (const auto& [name, content] : script.files) write_file(work_ / name, content);
    setenv("PATH", (weir.parent_path().string() + ":" + getenv("PATH")).c_str(), 1);
    setenv("WORK", work_.c_str(), 1);
    setenv("TREE", tree.c_str(), 1);
    setenv("NO_COLOR", "1", 1);
    setenv("HOME", work_.c_str(), 1);
    for (const auto& [number, line] : script.commands) {
      std::string error = step(line);
      if (error.empty()) continue;
      fmt::print("{}:{}: {}\n  {}\n", script_.string(), number, line, error);
      fmt::print("--- stdout of the last command (status {})\n{}--- stderr\n{}", status_, output("stdout"),
                 output("stderr"));
      return 1;
    }
    return 0;
  }

 private:
  std::string output(const std::string& name) {
    return read_file(name == "stdout" || name == "stderr" ? work_ / (".." + name) : work_ / name).value_or("");
  }

  std::string step(std::string line) {
    bool negated = line.rfind("! ", 0) == 0;
    if (negated) line = line.substr(2);
    size_t space = line.find(' ');
    std::string verb = line.substr(0, space), rest = space == std::string::npos ? "" : line.substr(space + 1);
    if (verb == "exec") return exec(rest, negated);
    std::vector<std::string> args = words(rest);
    auto needs = [&](size_t n) { return args.size() == n ? "" : fmt::format("`{}` takes {} argument(s)", verb, n); };
    if (verb == "exits") {
      if (std::string e = needs(1); !e.empty()) return e;
      return std::to_string(status_) == args[0] ? "" : fmt::format("the exit status was {}", status_);
    }
    if (verb == "stdin") {
      if (std::string e = needs(1); !e.empty()) return e;
      stdin_ = work_ / args[0];
      return "";
    }
    if (verb == "stdout" || verb == "stderr") {
      if (std::string e = needs(1); !e.empty()) return e;
      RE2 pattern("(?m)" + args[0]);
      if (!pattern.ok()) return "bad pattern: " + pattern.error();
      return RE2::PartialMatch(output(verb), pattern) != negated ? "" : negated ? "it matches" : "it does not match";
    }
    if (verb == "cmp") {
      if (std::string e = needs(2); !e.empty()) return e;
      return compare(args[0], args[1]);
    }
    if (verb == "json") {
      if (std::string e = needs(3); !e.empty()) return e;
      return json_value(args[0], args[1], args[2]);
    }
    return fmt::format("unknown command `{}`", verb);
  }

  std::string exec(const std::string& command, bool negated) {
    pid_t child = fork();
    if (child == 0) {
      if (chdir(work_.c_str()) != 0) _exit(126);
      int in = open(stdin_.empty() ? "/dev/null" : stdin_.c_str(), O_RDONLY);
      int out = open((work_ / "..stdout").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      int err = open((work_ / "..stderr").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      dup2(in, 0);
      dup2(out, 1);
      dup2(err, 2);
      execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      _exit(127);
    }
    stdin_.clear();
    int status = 0;
    waitpid(child, &status, 0);
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (status_ >= 128) return fmt::format("it died of signal {}", status_ - 128);
    return (status_ == 0) != negated ? "" : fmt::format("the exit status was {}", status_);
  }

  std::string compare(const std::string& got_name, const std::string& want_name) {
    std::string got = output(got_name), want = read_file(work_ / want_name).value_or("");
    if (got == want) return "";
    if (update_) return rewrite(want_name, got);
    return fmt::format("they differ; wanted:\n{}", want);
  }

  // Puts `content` in the place of the script's file of that name.
  std::string rewrite(const std::string& name, const std::string& content) {
    std::string text = *read_file(script_);
    std::string head = fmt::format("-- {} --\n", name);
    size_t begin = text.find(head);
    if (begin == std::string::npos) return fmt::format("the script has no file {}", name);
    begin += head.size();
    size_t end = text.find("\n-- ", begin - 1);
    end = end == std::string::npos ? text.size() : end + 1;
    text.replace(begin, end - begin, content);
    std::ofstream(script_, std::ios::binary) << text;
    return "";
  }

  std::string json_value(const std::string& file, const std::string& path, const std::string& want) {
    auto json = nlohmann::ordered_json::parse(output(file), nullptr, false);
    if (json.is_discarded()) return "not JSON";
    std::string pointer = "/" + path;
    for (char& c : pointer) c = c == '.' ? '/' : c;
    nlohmann::ordered_json::json_pointer at(pointer);
    if (!json.contains(at)) return "no such value";
    std::string got = json[at].is_string() ? json[at].get<std::string>() : json[at].dump();
    return got == want ? "" : fmt::format("it is {}", got);
  }

  fs::path script_, work_, stdin_;
  bool update_;
  int status_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  bool update = argc > 1 && std::string(argv[1]) == "--update";
  if (update) --argc, ++argv;
  if (argc != 4) {
    fmt::print(stderr, "usage: e2e [--update] WEIR TREE SCRIPT\n");
    return 2;
  }
  return Runner(argv[3], update).run(fs::absolute(argv[1]), argv[2]);
}
