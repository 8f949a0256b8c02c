# Writes OUTPUT, a source file with psi_xlstm::git_commit(), and leaves it alone where nothing has
# changed: the last commit that touched the programs' sources, with a mark and a checksum of what has
# been changed since then, e.g. "3fa12b9c04de" or "3fa12b9c04de-dirty-9be01c22".
#
# Usage: cmake -DSOURCE_DIR=<root of the tree> -DOUTPUT=<file> -P commit.cmake
set(code CMakeLists.txt apps include src)

function(git variable)
  execute_process(COMMAND git -C ${SOURCE_DIR} -c core.quotePath=false ${ARGN}
    OUTPUT_VARIABLE text RESULT_VARIABLE code_of_exit ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT code_of_exit EQUAL 0)
    set(text "")
  endif()
  set(${variable} "${text}" PARENT_SCOPE)
endfunction()

# A tree inside somebody else's repository, e.g. an unpacked archive, has no commit of its own.
git(root rev-parse --show-toplevel)
file(REAL_PATH "${SOURCE_DIR}" source_dir)
set(commit "")
if(root STREQUAL source_dir)
  git(commit log -1 --format=%h --abbrev=12 -- ${code})
endif()
if(commit STREQUAL "")
  set(commit unknown)
else()
  git(changes diff HEAD --no-ext-diff -- ${code})
  git(new_files ls-files --others --exclude-standard -- ${code})
  if(NOT new_files STREQUAL "")
    string(REPLACE "\n" ";" new_files "${new_files}")
    foreach(name IN LISTS new_files)
      file(SHA256 "${SOURCE_DIR}/${name}" checksum)
      string(APPEND changes "${name} ${checksum}\n")
    endforeach()
  endif()
  if(NOT changes STREQUAL "")
    string(SHA256 checksum "${changes}")
    string(SUBSTRING ${checksum} 0 8 checksum)
    string(APPEND commit "-dirty-${checksum}")
  endif()
endif()

set(text "#include \"psi_xlstm/core/version.hpp\"

std::string psi_xlstm::git_commit() { return \"${commit}\"; }
")
set(old "")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" old)
endif()
if(NOT text STREQUAL old)
  file(WRITE "${OUTPUT}" "${text}")
endif()
