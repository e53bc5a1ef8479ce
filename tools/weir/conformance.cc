#include "tools/weir/verbs.h"
namespace weir::tools {
void add_conformance(CLI::App&, Action*) {}
}
