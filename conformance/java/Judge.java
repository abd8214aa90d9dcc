import com.pixelmed.dicom.AttributeList;
import com.pixelmed.dicom.SOPClass;
import com.pixelmed.dicom.TagFromName;
import com.pixelmed.dicom.Attribute;
import com.pixelmed.validate.DicomInstanceValidator;
import com.pixelmed.validate.DicomSRValidator;
import java.io.BufferedReader;
import java.io.InputStreamReader;

/**
 * PixelMed's validators over many files, so that its style sheets are compiled once.
 * One path a line in; a line "path TAB what it says" out for each thing it says.
 */
public class Judge {
  public static void main(String[] arguments) throws Exception {
    DicomSRValidator reports = new DicomSRValidator();
    DicomInstanceValidator instances = new DicomInstanceValidator();
    BufferedReader paths = new BufferedReader(new InputStreamReader(System.in));
    for (String path = paths.readLine(); path != null; path = paths.readLine()) {
      AttributeList list = new AttributeList();
      list.read(path);
      String sopClass = Attribute.getSingleStringValueOrEmptyString(list, TagFromName.SOPClassUID);
      boolean isReport = SOPClass.isStructuredReport(sopClass);
      String said = isReport ? reports.validate(list) : instances.validate(list);
      for (String line : said.split("\n")) System.out.println(path + "\t" + line);
    }
  }
}
