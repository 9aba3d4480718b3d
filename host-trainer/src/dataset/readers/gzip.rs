//! Gzip data of any number of members, with zeros after them or not.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

/// Reads the members one after the other.
///
/// Zeros after the last one are passed over, as gzip and Python do: tapes and block devices pad files with them.
pub(super) struct Members<R: Read> {
    state: Option<State<R>>,
}

/// The decoder of a member, or the bytes after one.
enum State<R: Read> {
    Inside(Box<GzDecoder<BufReader<R>>>),
    Between(BufReader<R>),
}

impl<R: Read> Members<R> {
    const BUFFER: usize = 128 * 1024;

    pub(super) fn new(input: R) -> Self {
        Self { state: Some(State::Inside(Box::new(GzDecoder::new(BufReader::with_capacity(Self::BUFFER, input))))) }
    }
}

impl<R: Read> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match &mut self.state {
                Some(State::Inside(member)) => {
                    let read = member.read(buffer)?;
                    if read > 0 || buffer.is_empty() {
                        return Ok(read);
                    }
                    if let Some(State::Inside(member)) = self.state.take() {
                        self.state = Some(State::Between(member.into_inner()));
                    }
                }
                Some(State::Between(input)) => {
                    let padding = input.fill_buf()?;
                    let zeros = padding.iter().take_while(|&&byte| byte == 0).count();
                    let (ended, more) = (padding.is_empty(), zeros < padding.len());
                    input.consume(zeros);
                    if ended {
                        return Ok(0);
                    }
                    if more && let Some(State::Between(input)) = self.state.take() {
                        self.state = Some(State::Inside(Box::new(GzDecoder::new(input))));
                    }
                }
                // An error left no state to go on from.
                None => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dataset::fixtures::gzip;

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        Members::new(bytes).read_to_end(&mut plain).map(|_| plain)
    }

    #[test]
    fn members_are_joined_and_zeros_after_them_passed_over() {
        let (one, two) = (gzip(b"one"), gzip(b"two"));
        assert_eq!(read(&one).unwrap(), b"one");
        assert_eq!(read(&[&one[..], &two].concat()).unwrap(), b"onetwo");
        assert_eq!(read(&[&one[..], &gzip(b""), &two, &[0; 300_000]].concat()).unwrap(), b"onetwo");
        assert_eq!(read(&[&one[..], &[0; 3], &two].concat()).unwrap(), b"onetwo");
    }

    #[test]
    fn other_bytes_after_a_member_and_a_member_cut_short_are_errors() {
        let one = gzip(b"one");
        assert_eq!(read(&[&one[..], b"more"].concat()).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(read(&[&one[..], b"something else"].concat()).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(read(&one[..one.len() - 1]).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
