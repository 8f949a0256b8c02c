# Writes OUTPUT, a source file with the commit of the tree SOURCE, if it differs from what is there:
# "0123456789ab", with changes "0123456789ab-changed-89abcdef", "unknown" where there is no git.
set(commit unknown)
execute_process(COMMAND git -C ${SOURCE} rev-parse --short=12 HEAD OUTPUT_VARIABLE head
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(NOT failed)
  set(code apps cmake include src CMakeLists.txt)
  execute_process(COMMAND git -C ${SOURCE} diff HEAD -- ${code} OUTPUT_VARIABLE changes ERROR_QUIET)
  execute_process(COMMAND git -C ${SOURCE} ls-files --others --exclude-standard -- ${code}
    OUTPUT_VARIABLE new_files ERROR_QUIET)
  string(REGEX MATCHALL "[^\n]+" new_files "${new_files}")
  foreach(file IN LISTS new_files)
    file(SHA256 "${SOURCE}/${file}" sum)
    string(APPEND changes "${file} ${sum}\n")
  endforeach()
  set(commit ${head})
  if(NOT changes STREQUAL "")
    string(SHA256 sum "${changes}")
    string(SUBSTRING ${sum} 0 8 sum)
    string(APPEND commit "-changed-${sum}")
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[
#include "psi_xlstm/core/version.hpp"

std::string psi_xlstm::git_commit() { return "@commit@"; }
]])
