# lethe_options: language level, warnings, sanitizers. Every target of ours links it.
option(LETHE_WERROR "Treat warnings as errors" ON)
set(LETHE_SANITIZE "" CACHE STRING "Value of -fsanitize, e.g. address,undefined")

add_library(lethe_options INTERFACE)
target_compile_features(lethe_options INTERFACE cxx_std_20)
target_include_directories(lethe_options INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(lethe_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wold-style-cast
  -UNDEBUG  # assert() stays on in every build type
  $<$<BOOL:${LETHE_WERROR}>:-Werror>)
if(LETHE_SANITIZE)
  target_compile_options(lethe_options INTERFACE
    -fsanitize=${LETHE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(lethe_options INTERFACE -fsanitize=${LETHE_SANITIZE})
endif()
